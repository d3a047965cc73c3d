"""Texts, and the patterns of what functions returned and events carried."""

from __future__ import annotations

TEXTS = (
    "[100000] 모의투자 매수주문완료", "[100000] 모의투자 매도주문완료", "[100000] 모의투자 취소주문완료",
    "[RC4003] 모의투자 호가단위 오류입니다.", "[RC4007] 모의투자 매매금지 종목",
    "[RC4025] 모의투자 매수증거금이 부족합니다.",
    "[RC4027] 모의투자 상/하한가 오류입니다.", "[RC4033] 모의투자 정정/취소할 수량이 없습니다",
    "[RC4042] 모의투자 정정수량이 정정가능수량을 초과합니다", "[RC4058] 모의투자 장종료 상태입니다",
    "[RC4085] 모의투자 체결중인 수량이 있습니다. 주문수량을 확인하세요", "[800033] 모의투자 매도가능수량이 부족합니다.",
    "[107066] 매수주문이 완료되었습니다.", "[107048] 매도주문이 완료되었습니다.",
    "[107062] 매수정정 주문입력이 완료되었습니다", "[107071] 매수취소 주문입력이 완료되었습니다",
    "[502048] 단가를 입력하지 않는 호가입니다",
    "[571489] 장이 열리지않는 날입니다", "[571552] 주문단가가 하한가보다 낮습니다",
)  # fmt: skip
"""What the servers said about orders."""

OTHER_CODES = ("[RC4061]", "[RC9000]")
"""Refusals of which only the number was noted."""

QUERY_TEXTS = (
    ("mock", "[100000] 모의투자 조회완료"), ("real", "[100000] 조회가 완료되었습니다."),
    ("mock", "[100000] 모의투자 조회가 계속됩니다. 계속조회시 다음키를 누르십시오."),
)  # fmt: skip
"""After a query about an account: `texts=` of the simulator, and the text."""

CUT_TEXT = ("", "", "", r"전문 처리 실패\(-22\)")
BAD_INPUT = ("", "", "", "Fail to parse Request TR")
"""Patterns of the arguments of OnReceiveMsg when the line is dropped, and when the inputs do not fit the TR."""

FUNCTIONS: tuple[tuple[str, tuple[str | int, ...], str], ...] = (
    ("GetLoginInfo", ("ACCOUNT_CNT",), r"\d+"), ("GetLoginInfo", ("ACCNO",), r"(\d{10};)+"),
    ("GetLoginInfo", ("KEY_BSECGB",), r"[01]"), ("GetLoginInfo", ("FIREW_SECGB",), r"[012]"),
    ("GetLoginInfo", ("ACCTLIST_DETAIL",), r"(\d{10},[^,;]+,(위탁종합|위탁연계|선물옵션);?)+"),
    ("GetAPIModulePath", (), r"C:\\OpenAPI"), ("GetConnectState", (), r"1"),
    ("GetCodeListByMarket", ("50",), r"([0-9A-Z]{6};)+"), ("GetCodeListByMarket", ("9",), r""),
    ("GetMasterCodeName", ("005930",), r"삼성전자"), ("GetMasterListedStockCnt", ("005930",), r"\d+"),
    ("GetMasterConstruction", ("005930",), r"정상"), ("GetMasterListedStockDate", ("005930",), r"\d{8}"),
    ("GetMasterLastPrice", ("005930",), r"\d{8}"), ("GetMasterStockState", ("005930",), r"증거금\d+%(\|[^|;]+)*"),
    ("GetThemeGroupList", (0,), r"\d{3}\|[^;|]+(;\d{3}\|[^;|]+)*"),
    ("GetThemeGroupList", (1,), r"\d{3}\|[^;|]+(;\d{3}\|[^;|]+)*"),
    ("GetFutureList", (), r"[0-9A-Z]{8}(;[0-9A-Z]{8})*"), ("GetFutureCodeByIndex", (0,), r"[0-9A-Z]{8}"),
    ("GetActPriceList", (), r"\d+(;\d+)*"), ("GetMonthList", (), r"\d{6}(;\d{6})*"),
    ("GetSFOBasisAssetList", (), r"KR7[0-9A-Z]{9}\|[^;|]+ *(;KR7[0-9A-Z]{9}\|[^;|]+ *)*"), ("GetOptionATM", (), r"\d+"),
    ("GetBranchCodeName", (), r"\d{3}\|[^;|]+(;\d{3}\|[^;|]+)*"),
    ("GetConditionNameList", (), r"0\^대형 저평가 우량주;1\^중소형 저평가주;(\d+\^[^;^]+;)*"),
    ("KOA_Functions", ("GetMasterStockInfo", "005930"), r"시장구분0\|[^;|]*;시장구분1\|[^;|]*;업종구분\|[^;|]*;"),
    ("GetRepeatCnt", ("opt10001", ""), r"0"), ("GetDataCount", ("",), r"0"),
)  # fmt: skip
"""Functions with the pattern of what they returned (V19 2019, T24 2024): separators, widths, ends."""

CONDITIONS_READ = (r"1", r"\[OK\] 사용자 조건검색식 읽기")
CONDITION_FOUND = (r"\d{4}", r"([0-9A-Z]{6};)+", r"중소형 저평가주", r"1", r"[02]")
ORDER_TAKEN = (r"0101", r"주문", r"KOA_NORMAL_BUY_KP_ORD", r"\[100000\] 모의투자 매수주문완료")
ORDER_ANSWERED = (r"0101", r"주문", r"KOA_NORMAL_BUY_KP_ORD", r"", r"", r"0", r"", r"", r"")
"""Patterns of the arguments of events."""

SECTORS = (
    ("001", "종합(KOSPI)"), ("002", "대형주"), ("003", "중형주"), ("004", "소형주"), ("005", "음식료업"),
    ("006", "섬유의복"), ("007", "종이목재"), ("008", "화학"), ("009", "의약품"), ("010", "비금속광물"),
    ("011", "철강금속"), ("012", "기계"), ("013", "전기전자"),
)  # fmt: skip
"""The first sectors of GetUpjongCode (2024)."""
