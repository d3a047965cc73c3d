"""
How fast history comes: ``python -m benchmarks.history [--data DIR] [--codes N] [--start YYYYMMDD]``.

*page*: one page of opt10081, 600 rows of 15 items, from the request to the last `get_comm_data`, and the same with one
`get_comm_data_ex`. *market*: `histories` over the list of KOSPI in virtual time, files and all; of the whole, how much
is the simulator making the answers. With `--data` a folder with a real listing and real prices is used.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from kiwoom import Kiwoom, catalog, config
from kiwoom.history import histories

TR = catalog.tr("opt10081")
ITEMS = [field.name for field in TR.multi]


def page(api: Kiwoom, with_ex: bool) -> tuple[float, float, int]:
    """Ask for one page and read all of it: seconds until it is there, seconds of reading, cells."""
    cells = 0
    read_s = there_s = 0.0

    def slot(scr_no: str, rq_name: str, tr_code: str) -> None:
        nonlocal cells, read_s, there_s
        there_s = time.perf_counter() - asked
        started = time.perf_counter()
        if with_ex:
            table = api.get_comm_data_ex(tr_code, rq_name)
            cells = sum(len(row) for row in table or ())
        else:
            for row in range(api.get_repeat_cnt(tr_code, rq_name)):
                for item in ITEMS:
                    api.get_comm_data(tr_code, rq_name, row, item)
                    cells += 1
        read_s = time.perf_counter() - started
        api.unloop()

    api.run(timeout=1.0)  # five a second are allowed
    api.connect("on_receive_tr_data", slot=slot, key="page")
    for name, value in (("종목코드", "005930"), ("기준일자", ""), ("수정주가구분", "1")):
        api.set_input_value(name, value)
    asked = time.perf_counter()
    api.comm_rq_data("page", TR.code, 0, "0101")
    api.loop(timeout=60)
    return there_s, read_s, cells


def market(api: Kiwoom, codes: int | None, start: str) -> None:
    """Download days of KOSPI and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        report = histories(
            api, market="KOSPI", period="day", start=start, path=folder, slice=None if codes is None else (0, codes)
        )
        seconds = time.perf_counter() - started
        size = sum(file.stat().st_size for file in Path(folder).glob("*.csv"))
    rate = report.requests / seconds
    print(
        f"market  {len(report.done)} of {len(report.codes)} codes from {start}: {report.requests} pages, "
        f"{report.rows_added:,} rows, {size / 1e6:.0f} MB in {seconds:.1f} s = {rate:.0f} pages/s, "
        f"{report.rows_added / seconds:,.0f} rows/s; virtual time {report.seconds / 3600:.2f} h"
    )
    if not report.ok:
        raise SystemExit(str(report))


def main() -> None:
    """Print the figures; of the page the best of five, after one that fills the simulator's tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", help="folder with a real listing and prices")
    parser.add_argument("--codes", type=int, help="only so many codes")
    parser.add_argument("--start", default="20230101", help="first day of the market download")
    options = parser.parse_args()
    config.MUTE = True
    api = Kiwoom("sim:?clock=virtual" + (f"&data={options.data}" if options.data else ""))
    Kiwoom.message(False)
    api.login()
    page(api, with_ex=True)
    for label, with_ex in (("get_comm_data", False), ("get_comm_data_ex", True)):
        there_s, read_s, cells = min((page(api, with_ex) for _ in range(5)), key=lambda r: r[0] + r[1])
        total_s = there_s + read_s
        print(
            f"page    {cells} cells with {label}: {total_s * 1e3:.1f} ms from request to last cell "
            f"({there_s * 1e3:.1f} ms until it was there, {read_s / cells * 1e6:.2f} µs a cell)"
        )
    market(api, options.codes, options.start)


if __name__ == "__main__":
    main()
