"""자기 kiwoom.py 를 쓰는 프로그램"""
import sys
from PyQt5.QtWidgets import QApplication
from kiwoom import Kiwoom
import config.settings as settings

app = QApplication(sys.argv)
kiwoom = Kiwoom()
kiwoom.login()
print(settings.CODES, [kiwoom.name(code) for code in settings.CODES], kiwoom.__module__)
