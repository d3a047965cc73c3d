"""A stand-in."""


class QObject:
    pass


class QRunnable:
    pass


class QThreadPool:
    pass


class QEvent:
    pass


class Qt:
    pass


def Signal(*types):
    return None


def Slot(*types):
    return lambda function: function


def SIGNAL(text):
    return text


class QThread:
    pass
