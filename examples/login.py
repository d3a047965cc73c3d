"""Log in and say who and where we are."""

from kiwoom import *

api = Kiwoom()  # KIWOOM_URL, else the OCX on Windows and the simulator elsewhere
api.login()
print(api)
print("이름:", api.get_login_info("USER_NAME"))
print("계좌:", [number for number in api.get_login_info("ACCNO").split(";") if number])
