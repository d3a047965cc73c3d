"""Volatility interruptions of the day (opt10054)."""

from __future__ import annotations

from collections.abc import Iterator

from kiwoom.sim.answers.inputs import choice, market_stocks, stock
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import clock6, rate
from kiwoom.sim.realtime.timed.interruptions import away, references

__all__: list[str] = []

_KINDS = {"0": "전체", "1": "정적", "2": "동적", "3": "동적+정적"}
_USED = {"0": "사용안함", "1": "사용"}


@answers(
    "opt10054",
    source="the interruptions of the day's tapes",
    omits="제외종목 leaves nothing out; there are none after hours (장전구분 2)",
)
def interrupted(request: Request) -> Answer:
    """
    변동성완화장치발동종목요청: latest first; an interruption that still lasts ends at 000000, as captured.

    Registers every code of the request for VI발동/해제, interrupted or not.
    """
    market = request.market
    kind = _KINDS[choice(request, "발동구분", _KINDS, "0")]
    session = choice(request, "장전구분", {"0": "전체", "1": "정규시장", "2": "시간외단일가"}, "0")
    direction = choice(request, "발동방향", {"0": "전체", "1": "상승", "2": "하락"}, "0")
    volumes, values = _range(request, "거래량", 1), _range(request, "거래대금", 1_000_000)
    instruments = [stock(request)] if request.text("종목코드") else market_stocks(request)
    found = []
    # The simulator interrupts nothing in the single-price session.
    for instrument in instruments if session != "2" else ():
        for halt in market.glance(instrument).tape.halts:
            # The tape knows the whole day: interruptions to come must not show.
            if halt.start_us > market.moment or kind not in ("전체", halt.kind):
                continue
            if direction != "0" and halt.up != (direction == "1"):
                continue
            live = market.live(instrument)
            if _within(live.volume, volumes) and _within(live.value, values):
                found.append((-halt.start_us, instrument, halt))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for _, instrument, halt in found:
            quoted = market.glance(instrument)
            static, dynamic = references(halt)
            yield {
                "종목코드": instrument.code, "종목명": instrument.name, "누적거래량": str(quoted.volume),
                "발동가격": str(halt.trigger), "동적괴리율": away(halt.trigger, dynamic),
                "매매체결처리시각": clock6(halt.start_us),
                "VI해제시각": clock6(halt.end_us) if halt.end_us <= market.moment else "000000",
                "VI적용구분": halt.kind, "동적기준가격": str(dynamic), "정적기준가격": str(static),
                "정적괴리율": away(halt.trigger, static), "시가대비등락률": rate(halt.trigger, quoted.open),
                "VI발동횟수": str(halt.number),
            }  # fmt: skip

    # Programs send opt10054 for this registration alone, and most codes have no interruption yet.
    return Answer({}, rows(), codes=[instrument.code for instrument in instruments])


def _range(request: Request, name: str, unit: int) -> tuple[int, int] | None:
    """The bounds of 거래량 (shares) or 거래대금 (million won) if they apply; an upper bound of 0 means none."""
    if choice(request, f"{name}구분", _USED, "0") == "0":
        return None
    return request.number(f"최소{name}") * unit, request.number(f"최대{name}") * unit


def _within(figure: int, bounds: tuple[int, int] | None) -> bool:
    return bounds is None or (figure >= bounds[0] and (not bounds[1] or figure <= bounds[1]))
