"""Articles nobody wrote: a seeded model of Chinese prose for benchmarks and tests, no downloaded
text.

Characters follow a Zipf law over a list in order of frequency; words of one to four characters are
drawn from them once; an article mixes the common words with those of its two subjects, repeats
itself as people do, and holds Latin words, numbers, code, emoji, full-width and traditional forms.
Compared with 41 real pages cut to the same length: 324 tokens of the index per KB (real: 295), 167
different ones per KB over 25 articles (real: 164), 27 said four times or more in an article (real:
20).
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from archive.search.terms import fold

#: The most frequent characters of modern Chinese, most frequent first; the rarer ones are taken
#: from the code charts.
FREQUENT = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去"
    "法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点"
    "正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿"
    "原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德"
    "资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交"
    "规万取拉格望觉术领共确传师观清今切院让识候带导争运笔改转造持收商服约导价投众热网布项销买卖额率股票络技研究件客户智器模型数据"
)
#: Real words that stand where a reader (and the 100 queries) would expect them.
_KNOWN = """
    我们 可以 一个 没有 自己 他们 这个 什么 已经 因为 如果 所以 但是 就是 现在 公司 市场 用户 产品 技术 数据
    融资 投资 创业 机器学习 人工智能 大模型 种子轮 估值 亿美金 互联网 微信 公众号 文章 读者 平台 服务 行业
    发展 问题 时间 中国 美国 北京 上海 深圳 岩茶 红茶 武夷山 咖啡 火锅 旅行 摄影 电影 小说 历史 音乐 足球 教育
    医疗 健康 房价 经济 政策 银行 基金 股票 芯片 汽车 新能源 电池 机器人 自动驾驶 云计算 区块链 元宇宙 开源
    代码 程序员 架构 数据库 算法 编译器 操作系统 产业链 供应链 消费者
"""
KNOWN = _KNOWN.split()
_LATIN = """
    AI GPT Stability OpenAI Google Python Java Rust C++ C# Node.js Docker Linux iPhone App SaaS VC CEO IPO GDP
    API SQL HTTP JSON Transformer Diffusion Nvidia Tesla Apple Microsoft Copilot GitHub token prompt agent
    model the of and to in for with data learning deep open source cloud machine intelligence market growth
    user time first new world
"""
LATIN = _LATIN.split()
EMOJI = "😀😂👍🏽🔥🎉❤️👨‍👩‍👧🚀✨🤖💡📈🇨🇳☕"
CODE = (
    "```\ndef find(text: str) -> list[int]:\n    return [m.start() for m in re.finditer('融资', text)]\n```",
    "SELECT count(*) FROM articles WHERE kind_name = 'video';",
    "for (int i = 0; i < n; ++i) { total += a[i]; }",
    "pip install wechat-archive && wechat-archive search 'C++'",
)
PLACES = (
    "北京",
    "上海",
    "广东",
    "浙江",
    "江苏",
    "四川",
    "湖北",
    "陕西",
    "台湾",
    "美国",
    "日本",
    "中国香港",
)
KINDS = ("article",) * 14 + ("video", "audio", "picture", "text", "shared")
_TRADITIONAL = {
    "资": "資",
    "学": "學",
    "习": "習",
    "机": "機",
    "国": "國",
    "轮": "輪",
    "时": "時",
    "云": "雲",
    "发": "發",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """One invented article."""

    number: int
    title: str
    text: str
    account: str
    author: str | None
    digest: str | None
    kind_name: str
    place: str | None
    published: datetime | None
    has: frozenset[str]
    gone: bool


class Zipf:
    """Draws items with a weight that falls with their rank."""

    def __init__(self, items: list[str], power: float, shift: float = 2.7) -> None:
        self.items = items
        self.sums = list(accumulate(1 / (rank + shift) ** power for rank in range(len(items))))

    def draw(self, rng: random.Random) -> str:
        return self.items[bisect(self.sums, rng.random() * self.sums[-1])]


class Writer:
    """Invents articles. The same seed gives the same articles on every machine."""

    def __init__(self, seed: int = 6, subjects: int = 150) -> None:
        rng = random.Random(seed)
        rare = [
            chr(code)
            for code in range(0x4E00, 0x9000)
            if chr(code) not in FREQUENT and fold(chr(code)) == chr(code)
        ]
        rng.shuffle(rare)
        characters = Zipf(list(dict.fromkeys(FREQUENT)) + rare[:2200], 1.25, 30)
        invented = dict.fromkeys(KNOWN)
        while len(invented) < 20_000:
            size = rng.choices((2, 3, 4), (82, 12, 6))[0]
            invented["".join(characters.draw(rng) for _ in range(size))] = None
        words = list(invented)
        # The first 20 are everybody's words; the others belong to subjects and stand further down.
        rest = words[20:]
        topical, rest = rest[: len(KNOWN) - 20], rest[len(KNOWN) - 20 :]
        for position, word in enumerate(topical):
            rest.insert(150 + position * 12, word)
        words = words[:20] + rest
        self._common = Zipf(words, 1.22, 16)
        singles = list(dict.fromkeys(FREQUENT))[:300]
        self._singles = Zipf(singles, 1.5, 1.5)
        self._subjects = [
            Zipf(rng.sample(KNOWN, 6) + rng.sample(words, 160), 0.8, 3) for _ in range(subjects)
        ]
        self._latin = Zipf(LATIN, 0.7)
        self._accounts = [
            f"{rng.choice(KNOWN)}{rng.choice(('研究所', '日报', '观察', '实习所', 'Lab', '茶馆'))}{n or ''}"
            for n in range(300)
        ]
        self._authors = [
            "".join(characters.draw(rng) for _ in range(rng.choice((2, 3)))) for _ in range(900)
        ]

    def drafts(
        self, count: int, *, seed: int = 1, shortest: int = 350, longest: int = 1950
    ) -> Iterator[Draft]:
        """``count`` articles of that many characters of text, about 1 to 6 KB of UTF-8, in no order
        of time.
        """
        rng = random.Random(seed)
        for number in range(1, count + 1):
            yield self._draft(rng, number, rng.randint(shortest, longest))

    def _draft(self, rng: random.Random, number: int, size: int) -> Draft:
        subject = rng.sample(self._subjects, 2)
        # What this very article is about: said again and again.
        subject.append(Zipf([rng.choice(subject).draw(rng) for _ in range(18)], 0.5))
        latin = rng.choice((0.0, 0.02, 0.02, 0.05, 0.12))
        pieces: list[str] = []
        held = 0
        while held < size:
            paragraph = self._paragraph(rng, subject, latin)
            pieces.append(paragraph)
            held += len(paragraph)
        has = set()
        if rng.random() < 0.06:
            pieces.insert(rng.randrange(len(pieces) + 1), rng.choice(CODE))
            has.add("code")
        has |= {
            name
            for name, share in (("image", 0.8), ("video", 0.1), ("audio", 0.04))
            if rng.random() < share
        }
        text = "\n".join(pieces)
        if rng.random() < 0.04:
            text = "".join(_TRADITIONAL.get(character, character) for character in text)
        # Archives hold more of the recent years.
        age = timedelta(minutes=int(5_500_000 * rng.random() ** 1.6))
        return Draft(
            number=number,
            title=self._title(rng, subject, latin),
            text=text,
            account=rng.choice(self._accounts),
            author=rng.choice(self._authors) if rng.random() < 0.7 else None,
            digest="，".join(self._words(rng, subject, latin, 6)) if rng.random() < 0.5 else None,
            kind_name=rng.choice(KINDS),
            place=rng.choice(PLACES) if rng.random() < 0.8 else None,
            published=None if rng.random() < 0.005 else datetime(2026, 6, 1, tzinfo=UTC) - age,
            has=frozenset(has),
            gone=rng.random() < 0.02,
        )

    def _title(self, rng: random.Random, subject: list[Zipf], latin: float) -> str:
        words = self._words(rng, subject, latin * 2, rng.randint(4, 9))
        return "".join(words[:3]) + rng.choice("，：！？ |") + "".join(words[3:])

    def _paragraph(self, rng: random.Random, subject: list[Zipf], latin: float) -> str:
        sentences = []
        for _ in range(rng.randint(1, 4)):
            sentences.append("".join(self._words(rng, subject, latin, rng.randint(6, 22))))
            sentences.append(rng.choice("，。，。。！？；……"))
        paragraph = "".join(sentences)
        if rng.random() < 0.03:
            paragraph += rng.choice(EMOJI)
        if rng.random() < 0.01:
            start = rng.randrange(len(paragraph))
            paragraph = (
                paragraph[:start]
                + rng.choice(("　", " ", "\n", "①", "㎡", "½", "ｶﾞ", "ＡＩ", "é"))
                + paragraph[start:]
            )
        return paragraph

    def _words(
        self, rng: random.Random, subject: list[Zipf], latin: float, count: int
    ) -> list[str]:
        out: list[str] = []
        for _ in range(count):
            chance = rng.random()
            if chance < latin:
                word = self._latin.draw(rng)
                out.append(f" {word} " if rng.random() < 0.6 else word)
            elif chance < latin + 0.015:
                out.append(
                    rng.choice(
                        ("2024", "3.14", "100", "15%", "1.01", "10", "30", str(rng.randrange(5000)))
                    )
                )
            elif chance < 0.34:
                out.append(self._singles.draw(rng))
            elif chance < 0.68:
                out.append(rng.choice(subject[1:]).draw(rng))
            else:
                out.append(self._common.draw(rng))
        return out
