"""Historical data: plan a download, fetch pages, merge them into files, go on after an interruption."""

from kiwoom.history.charts import CHARTS, PERIODS, Chart, chart
from kiwoom.history.download import FileThere, Incomplete, Report, WrongAnswer
from kiwoom.history.plan import Plan
from kiwoom.history.progress import Bar, Progress, Quiet
from kiwoom.history.rows import BadRow
from kiwoom.history.run import histories, histories_async, plan
from kiwoom.history.store import DirectoryInUse, Store, WrongFile
from kiwoom.history.table import Table

__all__ = [
    "CHARTS",
    "PERIODS",
    "BadRow",
    "Bar",
    "Chart",
    "DirectoryInUse",
    "FileThere",
    "Incomplete",
    "Plan",
    "Progress",
    "Quiet",
    "Report",
    "Store",
    "Table",
    "WrongAnswer",
    "WrongFile",
    "chart",
    "histories",
    "histories_async",
    "plan",
]
