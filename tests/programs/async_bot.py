"""asyncio 로 짠 봇: 화면 이벤트는 processEvents 로 돌린다"""
import asyncio
import sys
from datetime import datetime
from PyQt5.QAxContainer import QAxWidget
from PyQt5.QtWidgets import QApplication

if sys.platform == "win32":
    asyncio.set_event_loop_policy(asyncio.WindowsSelectorEventLoopPolicy())

app = QApplication(sys.argv)
ocx = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")


class Bot:
    def __init__(self):
        self.connected = asyncio.Event()
        self.ticks = asyncio.Queue()
        ocx.OnEventConnect.connect(lambda err: self.connected.set())
        ocx.OnReceiveRealData.connect(self.real)

    def real(self, code, real_type, data):
        if real_type == "주식체결":
            price = ocx.dynamicCall("GetCommRealData(QString, int)", code, 10)
            self.ticks.put_nowait((datetime.now(), code, abs(int(price))))

    async def pump(self):
        while True:
            app.processEvents()
            await asyncio.sleep(0.05)

    async def report(self):
        while True:
            await asyncio.sleep(60)
            print(datetime.now().strftime("%H:%M"), "틱", self.count > 0, flush=True)

    async def run(self):
        tasks = [asyncio.ensure_future(self.pump()), asyncio.ensure_future(self.report())]
        ocx.dynamicCall("CommConnect()")
        await asyncio.wait_for(self.connected.wait(), 30)
        ocx.dynamicCall("SetRealReg(QString, QString, QString, QString)", "1000", "005930;000660", "10;15", "0")
        self.count = 0
        end = asyncio.get_running_loop().time() + 200
        while asyncio.get_running_loop().time() < end:
            try:
                when, code, price = await asyncio.wait_for(self.ticks.get(), 10)
                self.count += 1
                assert abs((datetime.now() - when).total_seconds()) < 5 and price > 0
            except asyncio.TimeoutError:
                print("조용함")
        for task in tasks:
            task.cancel()


async def main():
    bot = Bot()
    await bot.run()
    print("체결", bot.count > 20)


asyncio.run(main())
