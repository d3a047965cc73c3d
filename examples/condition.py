"""Run a stored condition, then watch it for entries and exits."""

from kiwoom import *

api = Kiwoom()
api.login()
found = []


def loaded(ret, msg):
    print(ret, msg)
    api.unloop()


def result(scr_no, code_list, condition_name, index, next):
    found.extend(code for code in code_list.split(";") if code)
    api.unloop()


api.connect("on_receive_condition_ver", slot=loaded)
api.get_condition_load()
api.loop(timeout=30)

index, name = api.get_condition_name_list().split(";")[0].split("^")
api.connect("on_receive_tr_condition", slot=result, key=name)
api.send_condition("0300", name, int(index), 0)
api.loop(timeout=30)
print(name, len(found), "종목:", [api.get_master_code_name(code) for code in found[:5]])
