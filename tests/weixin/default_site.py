"""The site that ``python -m tests.weixin`` serves: twelve articles and more, linked to each other,
of every kind.

Begin at ``START`` (``wechat-archive save --follow 3`` finds the rest). Everything in it was written
for the tests.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tests.weixin import media
from tests.weixin.site import Published, Site, Target

#: Where to begin: the index article. Its address never changes, so it can stand in the README.
START = "https://mp.weixin.qq.com/s/WelcomeToASmallWeixin1"
ALBUM_ID = "3000000000000000001"
DELETED = "https://mp.weixin.qq.com/s/ThisOneHasBeenDeleted1"
CAPTCHA = "https://mp.weixin.qq.com/s/BehindACaptchaItStays1"


def site() -> Site:
    """The site, ready to be served."""
    s = Site()
    serials = _album(s)
    kinds = [*_pictures_and_words(s), *_sound_and_film(s), *_old_pages(s), _code(s), _neighbour(s)]
    s.status(DELETED, "deleted")
    # Linked by its long address, as articles do: that alone is no block, so the others are still
    # saved.
    guarded = s.article("一篇要验证才能看的文章", short=CAPTCHA)
    s.captcha(guarded, redirect=True)
    links: list[Target | tuple[Target, str]] = [
        *kinds,
        serials[0],
        (DELETED, "一篇已经删除的文章"),
        guarded,
    ]
    s.article(
        "欢迎来到小小的微信",
        short=START,
        body=(
            "<section><h2>目录</h2><p>这里有<strong>各种文章</strong>，每一篇都从这里<em>链接</em>过去。</p>"
            "<blockquote><p>读万卷书，行万里路。</p></blockquote>"
            "<ul><li><p>文字与图片</p></li><li><p>声音与视频</p></li><li><p>旧版页面</p></li></ul></section>"
        ),
        pictures=[
            s.image(body=media.png(1)),
            s.image(url="https://mmbiz.qpic.cn/mmbiz_jpg/welcome/640", body=media.jpeg(1)),
        ],
        links=links,
        related=kinds[:2],
        author="小编",
        place="北京",
        digest="一个只在测试里存在的公众号",
        cover=s.image(
            url="https://mmbiz.qpic.cn/mmbiz_jpg/welcomecover/0?wx_fmt=jpeg", body=media.jpeg(2)
        ),
        original=True,
        published=datetime(2026, 7, 1, 4, 18, tzinfo=UTC),
    )
    return s


def _album(s: Site) -> list[Published]:
    """Three articles of one album, each with its neighbours."""
    parts: list[Published] = []
    for n in (1, 2, 3):
        parts.append(
            s.article(
                f"连载 之{'一二三'[n - 1]}",
                body=f"<p>连载的第 {n} 篇。</p><p>融资、估值与种子轮，是这一篇的关键词。</p>",
                published=datetime(2026, 6, n, 1, tzinfo=UTC),
                author="连载作者",
            )
        )
    for place, part in enumerate(parts):
        album = {
            "id": ALBUM_ID,
            "title": "连载",
            "size": len(parts),
            "previous": parts[place - 1].long if place else None,
            "next": parts[place + 1].long if place + 1 < len(parts) else None,
        }
        parts[place] = s.edit(part, album=album)
    s.album(ALBUM_ID, parts, title="连载")
    return parts


def _pictures_and_words(s: Site) -> list[Published]:
    """Kinds 8 and 10, in both current templates."""
    pictures = [
        s.image(),
        s.image(body=media.gif(1), url="https://mmbiz.qpic.cn/mmbiz_gif/moving/0?wx_fmt=gif"),
        s.image(),
    ]
    return [
        s.article(
            "三张图片",
            kind=8,
            body="今天拍了三张照片。\n\n天气很好[呲牙]",
            pictures=pictures,
            place="上海",
        ),
        s.article("一段文字", kind=10, body="今天想说的话不多。\n\n只有这两段。", era="C"),
        s.article("一段有标题的文字", kind=10, body="标题是自己写的。", user_title=True),
    ]


def _sound_and_film(s: Site) -> list[Published]:
    """Kinds 5, 6 and 7."""
    cover = s.image(
        body=media.jpeg(5), url="https://mmbiz.qpic.cn/mmbiz_jpg/filmcover/0?wx_fmt=jpeg"
    )
    return [
        s.article("一段视频", kind=5, body="视频下面的几句话。", cover=cover, seconds=120),
        s.article("一首歌", kind=6, body="唱的是家乡。", cover=cover),
        s.article("一段声音", kind=7, body="听一听海浪。", cover=cover),
    ]


def _old_pages(s: Site) -> list[Published]:
    """Pages as they were served in 2015 and 2018, and one that shares another's."""
    old = s.article(
        "二〇一五年的文章",
        era="A",
        body="<p>那时候页面还很小。<br  /></p><p><strong>只有文字</strong>。</p>",
        published=datetime(2015, 4, 10, 4, tzinfo=UTC),
        author="老作者",
    )
    middle = s.article(
        "二〇一八年的文章",
        era="B",
        body="<p>那一年有了原创标志。</p><ol><li><p>第一</p></li><li><p>第二</p></li></ol>",
        links=[old],
        original=True,
        published=datetime(2018, 7, 28, 4, tzinfo=UTC),
    )
    source = {
        "biz": middle.fields.biz,
        "mid": middle.fields.mid,
        "idx": "1",
        "account": "测试号",
        "url": middle.long,
    }
    shared = s.article(
        "分享一篇文章", kind=11, body="<p>被分享的正文。</p>", reprint=source, era="C"
    )
    return [old, middle, shared]


def _code(s: Site) -> Published:
    body = (
        '<p>先看代码：</p><section class="code-snippet__fix code-snippet__js">'
        '<ul class="code-snippet__line-index code-snippet__js"><li></li><li></li></ul>'
        '<pre class="code-snippet__js" data-lang="python">'
        '<code><span class="code-snippet_outer">def hello():</span></code>'
        '<code><span class="code-snippet_outer">    return &quot;你好&quot;</span></code></pre></section>'
        "<table><tbody><tr><td>列一</td><td>列二</td></tr><tr><td>1</td><td>2</td></tr></tbody></table>"
    )
    return s.article("一篇有代码和表格的文章", body=body, author="程序员")


def _neighbour(s: Site) -> Published:
    """Another account's article, which links back to the start."""
    return s.article(
        "邻家的文章",
        body="<p>从另一个号看过来。</p>",
        links=[(START, "欢迎来到小小的微信")],
        biz="MzIzNDU2Nzg5MA==",
        account="邻家号",
        user_name="gh_abcdefabcdef",
        alias="linjiahao",
    )
