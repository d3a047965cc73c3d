"""Text files keep the encoding that they have."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from tests.compat.running import Ran

pytestmark = [pytest.mark.qt, pytest.mark.skipif(os.name == "nt", reason="Windows has an encoding of its own")]

Run = Callable[..., Ran]


def test_a_file_is_written_in_the_encoding_it_was_read_in(run_text: Run) -> None:
    """A list in CP949 that a program reads and writes again, or adds to, is CP949; one in UTF-8 stays UTF-8."""
    text = """
        import pathlib
        for name, encoding in (("old.txt", "cp949"), ("new.txt", "utf-8")):
            pathlib.Path(name).write_bytes("매수;005930\\n".encode(encoding))
            rows = open(name).readlines()
            with open(name, "w") as f:
                f.writelines(row.replace("매수", "완료") for row in rows)
            with open(name, "a") as f:
                f.write("매도\\n")
            path = pathlib.Path(name)
            path.write_text(path.read_text() + "끝")
            print(path.read_bytes().decode(encoding).split())
        with open("old.txt", "r+") as f:
            f.readline()
            f.seek(0, 2)
            f.write("!")
        print(open("old.txt", "rb").read().decode("cp949").split()[-1])
    """
    assert run_text(text).lines == [
        "['완료;005930', '매도', '끝']", "['완료;005930', '매도', '끝']", "끝!",
    ]  # fmt: skip


def test_new_files_can_be_read_in_the_encoding_of_windows(run_text: Run) -> None:
    """What a program writes without an encoding it reads with "cp949"; beside CP949 files new ones are CP949."""
    text = """
        import pandas
        open("a.txt", "w").write("삼성전자,1")
        print(open("a.txt", encoding="cp949").read(), open("a.txt", "rb").read() == "삼성전자,1".encode())
        print(pandas.read_csv("a.txt", encoding="euc-kr", header=None)[0][0])
        open("list.txt", "wb").write("종목".encode("cp949"))
        print(open("list.txt").read())
        open("b.txt", "w").write("결과")
        print(open("b.txt", "rb").read() == "결과".encode("cp949"), open("b.txt", encoding="cp949").read())
        open("c.txt", "w", encoding="utf-8").write("그대로")
        print(open("c.txt", "rb").read().decode(), open("c.txt").read())
    """
    assert run_text(text).lines == ["삼성전자,1 True", "삼성전자", "종목", "True 결과", "그대로 그대로"]
