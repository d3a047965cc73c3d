"""32비트 파이썬인지, 윈도우인지 확인하고 시작하는 프로그램"""
import ctypes
import os
import platform
import struct
import sys
import logging

if platform.system() != "Windows":
    print("윈도우에서만 실행됩니다")
    sys.exit(1)
if platform.architecture()[0] != "32bit" or struct.calcsize("P") * 8 != 32 or sys.maxsize > 2 ** 32:
    raise RuntimeError("32비트 파이썬이 필요합니다: " + str(platform.architecture()))
if not ctypes.windll.shell32.IsUserAnAdmin():
    sys.exit("관리자 권한으로 실행하세요")

home = os.path.join(os.environ.get("userprofile"), "Documents", "kiwoom")
log_dir = os.path.join(os.environ["LocalAppData"], "kiwoom", "log")
for folder in (home, log_dir):
    if not os.path.exists(folder):
        os.makedirs(folder)
logger = logging.getLogger("guard")
logger.setLevel(logging.DEBUG)
handler = logging.FileHandler(log_dir + "\\guard.log", encoding="utf-8")
handler.setFormatter(logging.Formatter("%(asctime)s [%(levelname)s] %(message)s"))
logger.addHandler(handler)

from PyQt5.QtWidgets import QApplication
from PyQt5.QAxContainer import QAxWidget

app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")


def connected(err):
    logger.info("로그인 성공" if err == 0 else "로그인 실패 %d" % err)
    logger.debug("%s %s %s", os.getenv("computername"), os.getenv("USERNAME"), sys.getwindowsversion().major)
    accounts = ocx.dynamicCall("GetLoginInfo(QString)", ["ACCNO"]).rstrip(";").split(";")
    with open(home + "\\계좌.txt", "w") as f:
        f.write("\n".join("계좌 " + a for a in accounts))
    app.quit()


ocx.OnEventConnect.connect(connected)
ocx.dynamicCall("CommConnect()")
app.exec_()
print(open(home + "\\계좌.txt").read().count("계좌"), os.path.getsize(log_dir + "\\guard.log") > 50)
