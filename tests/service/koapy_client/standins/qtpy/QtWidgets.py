"""A stand-in."""


class QApplication:
    pass


class QWidget:
    pass
