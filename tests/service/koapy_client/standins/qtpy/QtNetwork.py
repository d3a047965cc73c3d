"""A stand-in."""


class QAbstractSocket:
    pass
