"""A stand-in."""


class QAxWidget:
    pass
