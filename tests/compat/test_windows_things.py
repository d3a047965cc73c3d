"""Drive letters, Windows modules, the vendor's files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.compat.running import Ran

from kiwoom.catalog import trs
from kiwoom.compat import folder, trfiles

pytestmark = pytest.mark.qt

Run = Callable[..., Ran]


def test_drive_letters(run_text: Run) -> None:
    """Paths with drive letters lie below one folder, for everything that opens files from Python."""
    text = r"""
        import glob, io, os, pathlib, shutil, sqlite3, zipfile
        import pandas
        os.makedirs("D:/stock/data", exist_ok=True)
        with open("d:\\stock\\data\\a.txt", "w", encoding="utf-8") as f:
            f.write("값")
        print(open("D:/STOCK/Data/A.TXT", encoding="utf-8").read(), os.path.exists("D:/stock/data/a.txt"))
        folder = pathlib.Path("D:/stock") / "more" / "deep"
        folder.mkdir(parents=True)
        (folder / "b.txt").write_text("b")
        shutil.copy("D:/stock/more/deep/b.txt", "D:/stock/c.txt")
        os.rename("D:/stock/c.txt", "D:/stock/e.txt")
        print(sorted(os.listdir("D:/stock")), len(glob.glob("D:/stock/*.txt")), os.path.isdir("D:\\stock\\more"))
        con = sqlite3.connect("C:/db/none/../stock.db") if os.path.isdir("C:/db") else None
        os.mkdir("C:/db")
        con = sqlite3.connect("C:\\db\\stock.db")
        con.execute("create table t (a)")
        con.close()
        pandas.DataFrame({"a": [1]}).to_csv("C:/db/x.csv", index=False)
        print(pandas.read_csv("c:/DB/X.csv").a[0], os.path.getsize("C:/db/stock.db") > 0)
        with zipfile.ZipFile("E:\\z.zip", "w") as z:
            z.writestr("m", "1")
        print(os.path.abspath("E:/z.zip").endswith("E:/z.zip") or os.path.isfile(os.path.abspath("E:/z.zip")))
        os.makedirs("data")
        open("data\\relative.txt", "w").close()
        print(os.listdir("data"))
        open("cp949.txt", "wb").write("삼성전자".encode("cp949"))
        print(open("cp949.txt").read(), open("cp949.txt", encoding="cp949").read())
        print(os.system("cls"), os.system("exit 3") != 0)
        import codecs, locale
        print("한글".encode("mbcs").decode("cp949"), bool(locale.setlocale(locale.LC_ALL, "korean")))
    """
    ran = run_text(text)
    lines = ran.out.splitlines()
    assert lines[0] == "값 True"
    assert lines[1] == "['data', 'e.txt', 'more'] 1 True"
    assert lines[2:] == [
        "1 True", "True", "['relative.txt']", "삼성전자 삼성전자", "0 True", "한글 True",
    ]  # fmt: skip
    assert (ran.folder / "drives" / "D" / "stock" / "data" / "a.txt").read_text(encoding="utf-8") == "값"
    assert any("drive D: lies in" in text for _, text in ran.report.notes)


def test_paths_in_windows_spelling(run_text: Run) -> None:
    """`os.path` and `pathlib` take backslashes and drive letters apart as on Windows; other paths stay as they are."""
    text = r"""
        import glob, os, pathlib
        import pandas
        os.makedirs(r"C:\주식\하나\둘", exist_ok=True)
        pathlib.Path(r"C:\주식\셋\넷").mkdir(parents=True)
        (pathlib.Path("C:/주식") / "셋\\a.txt").write_text("a")
        print(sorted(os.listdir("C:/주식")), os.path.exists(r"C:\주식\셋\A.TXT"), glob.glob(r"C:\주식\셋\*.txt"))
        path = r"C:\주식\종목.txt"
        print(os.path.basename(path), os.path.dirname(path), os.path.split(path)[1], os.path.splitdrive(path)[0])
        print(os.path.isabs(path), os.path.join(r"C:\주식", "x"), os.path.abspath(r"C:\주식\..\y"), os.path.normpath("C:/a/b"))
        print(os.path.join("/tmp", "a"), os.path.basename("/tmp/b"), os.path.split("/c/d"), os.path.isabs("e"))
        print(pathlib.Path(path).name, pathlib.PurePosixPath("/a/b").parts, pathlib.PureWindowsPath(path).drive)
        pandas.DataFrame({"a": [1]}).to_csv("D:\\nowhere\\yet\\x.csv")
        home = os.environ["USERPROFILE"] + "\\Desktop\\y.txt"
        open(home, "w").close()
        print(os.path.isfile("D:/nowhere/yet/x.csv"), os.path.isfile(home))
    """  # noqa: E501
    ran = run_text(text)
    assert ran.lines == [
        r"['셋', '하나'] True ['C:\\주식\\셋\\a.txt']",
        r"종목.txt C:\주식 종목.txt C:",
        r"True C:\주식\x C:\y C:\a\b",
        "/tmp/a b ('/c', 'd') False",
        "종목.txt ('/', 'a', 'b') C:",
        "True True",
    ], ran.err


def test_definition_files(run_text: Run) -> None:
    """The .enc files are read as the wrappers read them, and the AUTO mark can be renamed and back."""
    text = r"""
        import os, zipfile
        from PyQt5.QtWidgets import QApplication
        from PyQt5.QAxContainer import QAxWidget
        app = QApplication([])
        path = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1").dynamicCall("GetAPIModulePath()")
        lines = zipfile.ZipFile(path + r"\data\opt10081.enc").read("OPT10081.dat").decode("cp949").split("\n")
        starts = [i for i, line in enumerate(lines) if line.startswith("@START")]
        for i in starts:
            print(lines[i - 1].strip(), lines[i].strip(), lines[i + 1].split("=")[0].strip())
        mark = "C:/OpenAPI/system/Autologin.dat"
        os.rename(mark, "C:/OpenAPI/system/Autologin.tmp")
        print(os.path.isfile(mark))
        os.rename("C:/OpenAPI/system/Autologin.tmp", mark)
        print(os.path.isfile(mark), len(os.listdir("C:/OpenAPI/data")))
    """
    lines = run_text(text).out.splitlines()
    assert lines[:3] == [
        "[INPUT] @START_주식일봉차트조회요청 종목코드",
        "[OUTPUT] @START_주식일봉차트=*,*,* 종목코드",
        "@END_주식일봉차트 @START_주식일봉차트조회=600,4,* 종목코드",
    ]
    assert lines[3:] == ["False", f"True {len(trs())}"]


def test_every_definition_holds_its_items_in_order(tmp_path: Path) -> None:
    """Names, FIDs and rows of all TRs can be read back; a file that is there is left alone."""
    assert trfiles.write_all(tmp_path) == len(trs())
    for tr in trs().values():
        with zipfile.ZipFile(tmp_path / f"{tr.code.lower()}.enc") as archive:
            text = archive.read(f"{tr.code.upper()}.dat").decode("cp949").replace("\r\n", "\n")
        inputs, outputs = text.split("[OUTPUT]")
        items = [line for line in outputs.splitlines() if " = " in line]
        assert [i.split(" = ")[0] for i in items] == list(tr.outputs)
        assert [int(i.rsplit(",", 1)[1]) for i in items] == [f.fid for f in tr.single + tr.multi]
        assert [line.split(" = ")[0] for line in inputs.splitlines() if " = " in line] == list(tr.inputs)
        if tr.multi_record and tr.rows:
            assert f"@START_{tr.multi_record}={tr.rows}," in outputs
    (tmp_path / "opt10001.enc").write_bytes(b"mine")
    assert trfiles.write_all(tmp_path) == 0
    assert (tmp_path / "opt10001.enc").read_bytes() == b"mine"


def test_the_folder_keeps_what_is_there(tmp_path: Path) -> None:
    """Preparing twice changes nothing; a mark that was renamed away stays away."""
    folder.prepare(tmp_path)
    mark = tmp_path / "C" / "OpenAPI" / "system" / "Autologin.dat"
    mark.rename(mark.with_suffix(".tmp"))
    folder.prepare(tmp_path)
    assert not mark.exists()


UPDATER = """
    import time
    import win32gui, win32con, win32api

    def window_enumeration_handler(hwnd, top_windows):
        top_windows.append((hwnd, win32gui.GetWindowText(hwnd)))

    def find_window(caption):
        hwnd = win32gui.FindWindow(None, caption)
        if hwnd == 0:
            windows = []
            win32gui.EnumWindows(window_enumeration_handler, windows)
            for handle, title in windows:
                if caption in title:
                    return handle
        return hwnd

    while True:
        hwnd = find_window("Open API Login")
        if hwnd:
            break
        time.sleep(0.01)
    edit = win32gui.GetDlgItem(hwnd, 0x3E8)
    win32api.SendMessage(edit, win32con.EM_SETSEL, 0, -1)
    win32api.SendMessage(edit, win32con.EM_REPLACESEL, 0, "secret-password")
    print(win32gui.IsWindowEnabled(win32gui.GetDlgItem(hwnd, 0x3EA)))
    button = win32gui.GetDlgItem(hwnd, 1)
    win32api.PostMessage(button, win32con.WM_LBUTTONDOWN, 0, 0)
    win32api.PostMessage(button, win32con.WM_LBUTTONUP, 0, 0)
    looks = 0
    while find_window("Open API Login"):
        looks += 1
    print("gone after", looks)
    print("no update", find_window("opstarter"), find_window("업그레이드 확인"))
    while not find_window("계좌비밀번호 입력 (버전: 3.14+)"):
        pass
    hwnd = find_window("계좌비밀번호 입력 (버전: 3.14+)")
    win32gui.PostMessage(hwnd, win32con.WM_CLOSE, 0, 0)
    while find_window("계좌비밀번호 입력 (버전: 3.14+)"):
        pass
    while not win32gui.FindWindow(None, "a window of no known title"):
        pass
    print("every loop ended")
"""


def test_waiting_for_windows_ends(run_text: Run) -> None:
    """Loops that wait for a window, and loops that wait until it is gone, both end; what is typed is not kept."""
    ran = run_text(UPDATER)
    assert ran.out.splitlines() == ["1", "gone after 0", "no update 0 0", "every loop ended"]
    assert "secret" not in "\n".join(ran.report.lines())
    assert any("Open API Login" in text for _, text in ran.report.notes)


def test_pywinauto_login(run_text: Run) -> None:
    """A login script by pywinauto runs to its end."""
    text = """
        from pywinauto import application, timings, findwindows, Desktop
        import time, winsound
        app = application.Application()
        app.start("C:/OpenAPI/opstarter.exe")
        title = "Open API Login"
        dlg = timings.WaitUntilPasses(20, 0.5, lambda: app.window_(title=title))
        dlg.Edit2.SetFocus()
        dlg.Edit2.TypeKeys("hunter2")
        dlg.Button0.Click()
        while dlg.exists():
            time.sleep(0.1)
        try:
            findwindows.find_window(title="업그레이드 확인")
        except findwindows.WindowNotFoundError:
            print("no update")
        other = application.Application(backend="win32").connect(title="계좌비밀번호 입력")
        other["계좌비밀번호 입력"].wait("ready")
        other.top_window()["닫기"].click_input()
        print(len(Desktop(backend="uia").windows()))
        winsound.Beep(440, 500)
    """
    ran = run_text(text)
    assert ran.out.splitlines() == ["no update", "0"]
    assert "hunter2" not in "\n".join(ran.report.lines())


def test_ctypes_windll_for_the_program_only(run_text: Run) -> None:
    """The program asks whether it is administrator and gets an answer; libraries still see that this is no Windows."""
    text = r"""
        import ctypes, subprocess, sys
        print(ctypes.windll.shell32.IsUserAnAdmin(), ctypes.windll.user32.MessageBoxW(None, "끝", "알림", 0))
        from ctypes import windll
        print(windll.user32.GetSystemMetrics(0), windll.kernel32.SomethingElse(1))
        import uuid, platform, multiprocessing
        print(subprocess.run([sys.executable, "-c", "print(1)"], capture_output=True).stdout)
        import msvcrt, winreg
        from winreg import HKEY_CURRENT_USER as user, QueryValueEx
        print(msvcrt.kbhit(), winreg.QueryValue(winreg.HKEY_CLASSES_ROOT, "KHOPENAPI.KHOpenAPICtrl.1\CLSID"))
        with winreg.OpenKey(user, r"Software\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders") as key:
            print(QueryValueEx(key, "Desktop")[0])
        try:
            winreg.OpenKey(user, r"Software\Nothing")
        except FileNotFoundError:
            print([name for name in ("msvcrt", "winreg") if name in sys.modules])
    """
    ran = run_text(text)
    assert ran.out.splitlines() == [
        "1 1",
        "1920 0",
        "b'1\\n'",
        "False {A1574A0D-6BFA-4BD7-9020-DED88711818D}",
        r"C:\Users\kiwoom\Desktop",
        "[]",
    ]
    assert any("SomethingElse" in text for kind, text in ran.report.notes if kind == "unsupported")
