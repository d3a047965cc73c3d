"""메모장으로 만든 매수 목록을 읽고 고쳐서 다시 쓴다 (한글 윈도우의 기본 인코딩)"""
import configparser
import csv
import os
import sys
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtCore import QEventLoop
from PyQt5.QtWidgets import QApplication

config = configparser.ConfigParser()
config.read("설정.ini")
folder = config["경로"]["저장"]

app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
loop = QEventLoop()
ocx.OnEventConnect.connect(lambda err: loop.exit())
ocx.dynamicCall("CommConnect()")
loop.exec_()

with open("buy_list.txt", "rt") as f:
    buy_list = f.readlines()
changed = []
for line in buy_list:
    action, code, kind, count, state = line.strip().split(";")
    name = ocx.dynamicCall("GetMasterCodeName(QString)", [code])
    print(action, code, name)
    changed.append(";".join([action, code, kind, count, "확인됨 " + name]) + "\n")
with open("buy_list.txt", "wt") as f:
    f.writelines(changed)
with open(folder + "/이력.csv", "a", newline="") as f:
    csv.writer(f).writerows(line.strip().split(";") for line in changed)
with open(folder + "/이력.csv", newline="") as f:
    print(len(list(csv.reader(f))), os.path.basename(f.name))
