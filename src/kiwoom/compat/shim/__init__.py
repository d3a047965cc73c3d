"""
The part of the compatibility layer that lives in the program's process.

It stands on the standard library and on the Qt binding of the program, and on nothing else: not on the rest of this
package, and on no Python newer than 3.7. With ``kiwoom run --python EXE`` it is loaded from its folder, under another
name, into an interpreter where this package is not installed.

The way from a program to a control::

    axwidget   QAxWidget, QAxObject: what the program sees
    session    one a process: who asked for what, whose event it is, which thread may call
    driver     lets the control's events in while the program's Qt loop turns
    backend    the control: in this process (`kiwoom.compat.local`), or at the other end of a socket (`link`)
"""
