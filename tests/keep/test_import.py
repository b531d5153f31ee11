"""What is promised of ``import``: without a request, whatever can be read is taken in, and nothing
stops the rest.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from datetime import UTC, datetime, timedelta
from email.mime.image import MIMEImage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

import pytest

from archive.db.opening import open_database
from archive.document.layout import to_markdown
from archive.document.own import Own
from archive.document.reading import Head, read_body, read_head
from archive.document.reading_html import to_html
from archive.errors import BadInput
from archive.importers import import_files
from archive.importers.documents import Documents
from archive.reparse import reparse
from archive.saved.pictures import LocalImage
from archive.store import Store
from archive.store.taking_in import notice_all
from scraper.errors import Gone
from scraper.models import Article, Page
from scraper.parse import parse
from tests.command import wechat_archive
from tests.keep.archives import NOW, contents, fill, opened, rows
from tests.keep.articles import PICTURE, fields, page
from tests.weixin.media import png

BIZ = "MzA5MTIzNDU2Nw=="
ADDRESS = f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247480009&idx=1&sn=0123456789abcdef0123456789abcdef&chksm=ab12#rd"
RELATED = f"http://mp.weixin.qq.com/s?__biz={BIZ}&mid=2247480008&idx=1&sn=fedcba9876543210fedcba9876543210&scene=21#wechat_redirect"

#: The layout of the sample article: no front matter, prose wrapped at 80 columns by html2text.
SAMPLE = f"""# 岩茶与 Stability AI 的融资

文章作者: 投资观察
发布时间: 2022-10-27 12:18
发布地: 北京
原文链接: {ADDRESS}

封面图链接: https://mmbiz.qpic.cn/mmbiz_jpg/COVER/300

> 一句摘要，说的是 AI 与茶

AIGC 的发展速度有点超乎预期，Copy AI 在实现 200 万用户后，这预计会给其带来
500 万美金的增量。**刚拿了 10 亿美金估值的 Stability
AI 正准备下一轮。**![](https://mmbiz.qpic.cn/mmbiz_jpg/ONE/640?wx_fmt=jpeg)
根据消息，**用户已经达到 180 万了** ，比我前几天介绍时又增加了。这是一行中间没有空格的
中文，下一行接着写，中
文之间没有空格。

> 引用的第一行，下载超过 20
> 万次。

延伸阅读：

  1. [前一篇](<{RELATED}>)

  2. [别处](https://example.com/a?key=1)

完。
"""
CLIPPED = f'---\ntitle: "剪藏"\nsource: "{ADDRESS}"\nauthor:\n  - 某人\ncreated: 2024-05-06\n---\n正文。\n'
LISTED = f"# 标题 *斜*\n\n- **公众号**：测试号\n- **原文链接**：[打开]({ADDRESS})\n\n正文。\n"
WINDOWS = f"\ufeff# 标题\r\n\r\n作者：某人\r\n发布时间：2024年5月6日 7:08\r\n链接：<{ADDRESS}>\r\n\r\n正文。\r\n"


def taken(tmp_path: Path, name: str, text: str | bytes) -> tuple[Path, Path]:
    """An empty archive's folder, and a file with ``text``."""
    path = tmp_path / "in" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return tmp_path / "archive", path


def test_a_file_in_the_sample_layout_is_read_whole(tmp_path: Path) -> None:
    """Title, author (the account too), China time, place, address with identity, cover, digest."""
    article = read_body(read_head(SAMPLE))

    assert "岩茶与 Stability AI 的融资" == article.title
    assert ("投资观察", "投资观察", "北京") == (article.author, article.account.name, article.place)
    assert datetime(2022, 10, 27, 4, 18, tzinfo=UTC) == article.published
    assert (BIZ, "2247480009", "1") == (article.account.biz, article.mid, article.idx)
    assert ADDRESS == article.url
    assert "https://mmbiz.qpic.cn/mmbiz_jpg/COVER/300" == article.cover
    assert "一句摘要，说的是 AI 与茶" == article.digest


def test_wrapped_lines_are_joined_as_they_were() -> None:
    """Between Chinese and Latin the line end was a space, between two Chinese characters it was
    nothing.
    """
    lines = read_body(read_head(SAMPLE)).text.splitlines()

    assert lines[0].endswith("带来 500 万美金的增量。刚拿了 10 亿美金估值的 Stability AI 正准备下一轮。"
                             "根据消息，用户已经达到 180 万了，比我前几天介绍时又增加了。这是一行中间没有空格的中文，"
                             "下一行接着写，中文之间没有空格。")  # fmt: skip
    assert ["引用的第一行，下载超过 20 万次。", "延伸阅读：", "前一篇", "别处", "完。"] == lines[1:]


def test_its_images_links_and_marks_are_kept() -> None:
    """The picture and the links stand where they stood, bold stays bold, the list is a list."""
    article = read_body(read_head(SAMPLE))

    assert ["https://mmbiz.qpic.cn/mmbiz_jpg/ONE/640?wx_fmt=jpeg"] == [
        image.url for image in article.images
    ]
    assert ["前一篇", "别处"] == [link.text for link in article.links if link.relation == "text"]
    assert "<strong>刚拿了 10 亿美金估值的 Stability AI 正准备下一轮。</strong>" in article.body
    assert "<ol><li>" in article.body
    assert "<blockquote>" in article.body


def test_its_related_reads_wait_to_be_followed(tmp_path: Path) -> None:
    """Nothing is fetched: linked articles stand in the queue, as links and in ``status``."""
    root, path = taken(tmp_path, "sample.md", SAMPLE)

    report = import_files(root, [path])

    assert (1, 1, 0) == (report.counts["new"], report.links, report.exit_code)
    with opened(root) as (store, _):
        stored = store.get(ADDRESS)
        assert [None, None] == [edge.target_id for edge in store.edges(stored.article_id)]
        queue = store.db.conn.execute("SELECT relation, state FROM frontier").fetchall()
        assert [("text", "waiting")] == [tuple(row) for row in queue]


@pytest.mark.parametrize(
    ("text", "title"),
    [(CLIPPED, "剪藏"), (LISTED, "标题 斜"), (WINDOWS, "标题")],
    ids=["clipper", "list", "windows"],
)
def test_other_tools_files_are_read(text: str, title: str) -> None:
    """Front matter of clippers, bullet lists of exporters, full-width colons, BOM and CRLF."""
    article = read_body(read_head(text.replace("\ufeff", "")))

    assert (title, ADDRESS, "正文。") == (article.title, article.url, article.text)


def test_a_small_sign_beside_words_stays_beside_them() -> None:
    """The file does not hold widths; a picture that stands among words there is kept among them."""
    body = '<p>签名 <img src="https://mmbiz.qpic.cn/a/SIGN/0" width="20"></p><p><img src="https://mmbiz.qpic.cn/a/BIG/0"></p>'
    text = to_markdown(Article(title="题", url=ADDRESS, body=body, text="签名"))

    again = read_body(read_head(text))

    assert text == to_markdown(again)
    assert [None, None] == [image.width for image in again.images]


@pytest.mark.parametrize(
    "text", ["# README\n\nHow to build.\n", "", "---\nnot: [yaml\n---\n", "只有一行。"]
)
def test_a_file_about_nothing_is_refused_with_a_reason(text: str) -> None:
    """A Markdown file that is about no WeChat article never becomes one."""
    with pytest.raises(BadInput):
        read_head(text)


def test_our_own_files_rebuild_the_database(tmp_path: Path) -> None:
    """After the loss of both databases the files alone give rows and files as they were, links and
    images included.
    """
    root = tmp_path / "a"
    keys = fill(root, [page(1, links=(2,)), page(2, links=(1, 3)), page(3)])
    with opened(root) as (store, _):
        store.add_media(PICTURE.format(1), LocalImage(png(1), "image/png", "png"), NOW)
        store.gone(keys[2], Gone("x", reason="deleted", shown="该内容已被发布者删除"), NOW)
        store.write_stale_files()
    before, known = contents(root), rows(root)
    for path in root.glob("*.db*"):
        path.unlink()

    report = import_files(root, [root / "articles"])

    assert (3, 1, 0, 0) == (report.counts["new"], report.media, report.links, report.exit_code)
    assert before == contents(root)
    same = {
        "title",
        "author",
        "account",
        "published",
        "place",
        "digest",
        "cover",
        "url",
        "path",
        "text",
        "key",
    }
    assert _only(known, same) == _only(rows(root), same)
    assert wechat_archive("verify", "--archive", str(root)).code == 0


def test_what_a_person_said_is_rebuilt_too(tmp_path: Path) -> None:
    """Tags, star, note and the mark as read, which stand in the files alone by then: each file stays
    as it was, also where the import is killed right behind it.
    """
    root = tmp_path / "a"
    key, plain = fill(root, [page(1), page(2)])
    for words in (
        ("tag", key, "+投资", "+vip"),
        ("star", key),
        ("read", key),
        ("note", key, "要点"),
    ):
        assert wechat_archive(*words, "--archive", str(root)).code == 0
    before = contents(root)
    for path in root.glob("*.db*"):
        path.unlink()

    import_files(root, [root / "articles"])

    assert before == contents(root)
    with opened(root) as (store, _):
        said = {one: store.own(store.get(one).article_id) for one in (key, plain)}
    marks = Own(tags=("投资", "vip"), starred=True, read=True, note="要点")
    assert {key: marks, plain: Own()} == said
    for query in ("tag:投资", "is:starred", "mine:要点"):
        found = wechat_archive("search", query, "--json", "--archive", str(root)).stdout
        assert [key] == [json.loads(line)["key"] for line in found.splitlines()]


def test_what_a_person_said_in_another_archive_joins_what_they_said_here(tmp_path: Path) -> None:
    """Nothing of either is taken away, an earlier version's file says nothing, and a second time
    changes nothing; what is no file of an archive's is no person's word."""
    here, there = tmp_path / "here", tmp_path / "there"
    (key,), (other,) = fill(here, [page(1)]), fill(there, [page(1)])
    for root, words in (
        (there, ("tag", other, "+投资", "+vip")),
        (there, ("star", other)),
        (there, ("note", other, "那边的")),
        (here, ("tag", key, "+本地", "+vip")),
        (here, ("note", key, "这边的")),
    ):
        assert wechat_archive(*words, "--archive", str(root)).code == 0
    (file,) = there.glob("articles/*/*/*.md")
    version = file.with_name(f"{file.stem}.v1.md")
    version.write_text(file.read_text("utf-8").replace("vip", "旧"), "utf-8")

    report = import_files(here, [there / "articles"])

    assert {"held": 2} == report.counts
    with opened(here) as (store, _):
        own = store.own(store.get(key).article_id)
    assert Own(tags=("本地", "vip", "投资"), starred=True, note="这边的") == own
    before = contents(here)
    import_files(here, [there / "articles"])
    assert before == contents(here)


def _only(found: object, names: set[str]) -> object:
    assert isinstance(found, dict)
    return [{name: row[name] for name in names} for row in found["articles"]]


def test_elsewhere_the_files_come_out_the_same(tmp_path: Path) -> None:
    """Imported into another archive without the images at hand, each file is as it was but for
    remote pictures.
    """
    fill(tmp_path / "a", [page(1, links=(2,)), page(2)])

    import_files(tmp_path / "b", [tmp_path / "a" / "articles"])

    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_again_is_free_and_what_is_held_wins(tmp_path: Path) -> None:
    """A second import changes nothing; a Markdown copy never replaces what came from the page
    itself.
    """
    root = tmp_path / "a"
    fill(root, [page(1)])
    before = contents(root)
    poorer = to_markdown(Article(title="别的题目", url=fields(1).long, text="x", body="<p>x</p>"))
    (tmp_path / "poor.md").write_text(poorer, encoding="utf-8")

    report = import_files(root, [tmp_path / "poor.md", root / "articles"])

    assert {"held": 2} == dict(report.counts)
    assert before == contents(root)


def test_a_file_just_as_the_archive_wrote_it_is_not_taken_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes say which article it is: an import that was killed passes over what it took at a
    tenth of a millisecond each. One that was changed is read."""
    root = tmp_path / "a"
    fill(root, [page(1), page(2), page(3, links=(1,))])
    copies = tmp_path / "copies"
    shutil.copytree(root / "articles", copies)
    changed = next(copies.rglob("*文章2*"))
    changed.write_text(changed.read_text(encoding="utf-8") + "\n我的话\n", encoding="utf-8")
    apart: list[Path] = []
    read = Documents.read_head

    def noted(self: Documents, path: Path, text: str) -> Head:
        apart.append(path)
        return read(self, path, text)

    monkeypatch.setattr(Documents, "read_head", noted)

    report = import_files(root, [copies])

    assert ({"held": 3}, [changed]) == (dict(report.counts), apart)
    assert {(one.source, one.key) for one in report.results} == {
        (str(path), path.name.split("[")[1].split("]")[0]) for path in copies.rglob("*.md")
    }


def test_links_to_an_article_that_is_held_stay_links_to_it(tmp_path: Path) -> None:
    """Whether its own file is among those that are imported or not."""
    fill(tmp_path / "a", [page(1), page(2, links=(1,))])
    root = tmp_path / "b"
    first, second = sorted((tmp_path / "a" / "articles").rglob("*.md"), key=lambda one: one.name)
    import_files(root, [first])

    import_files(root, [first, second])

    with opened(root) as (store, _):
        found = store.get(fields(2).long)
        assert [fields(1).long.partition("#")[0]] == [
            edge.url.replace("https", "http") for edge in store.edges(found.article_id)
        ]


def test_a_markdown_copy_gives_way_to_the_page(tmp_path: Path) -> None:
    """What was known from a file alone becomes whole when the raw page is imported."""
    root, path = taken(tmp_path, "1.html", page(1).body)
    (tmp_path / "1.md").write_text(
        f"# 题\n\n文章作者: 某\n原文链接: {fields(1).long}\n\n文。\n", encoding="utf-8"
    )
    import_files(root, [tmp_path / "1.md"])

    report = import_files(root, [path])

    assert 1 == report.counts["modified"]
    with opened(root) as (store, _):
        assert "文章1: 岩茶 & <香气>" == store.get(fields(1).long).title


def test_saved_pages_of_browsers_singlefile_and_curl(tmp_path: Path) -> None:
    """The note that a tool left of where the page came from is read, ``curl -i``'s headers are cut
    off.
    """
    folder = tmp_path / "in"
    folder.mkdir()
    short = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
    marks = {
        "browser.html": b"<!-- saved from url=(0052)%s -->\n" % short.encode(),
        "single.html": b"<!--\n Page saved with SingleFile \n url: %s \n-->" % short.encode(),
        "curl.htm": b"HTTP/2 200 \r\ncontent-type: text/html\r\n\r\n",
    }
    for number, (name, mark) in enumerate(marks.items(), start=1):
        (folder / name).write_bytes(mark + page(number).body)
    packed = gzip.compress(page(4).body)
    (folder / "wire.html").write_bytes(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + packed
    )
    (folder / "cut.html").write_bytes(packed[:-20])
    (folder / "browser_files").mkdir()
    (folder / "browser_files" / "frame.html").write_text("<html>an advertisement</html>")

    report = import_files(tmp_path / "a", [folder])

    assert ({"new": 4, "failed": 1}, 1) == (dict(report.counts), report.exit_code)
    with opened(tmp_path / "a") as (store, snapshots):
        found = {snapshots.get(number).url for number in (1, 2, 3)}
        assert short in found
        assert 4 == store.count()


def test_a_page_saved_in_one_file_brings_its_pictures(tmp_path: Path) -> None:
    """MHTML, as Chrome saves it: the page by the address it was saved from, its pictures without a
    request.
    """
    whole = MIMEMultipart("related")
    short = whole["Snapshot-Content-Location"] = "https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv"
    whole.attach(MIMEText(page(1).body.decode(), "html", "utf-8"))
    picture = MIMEImage(png(1), "png")
    picture["Content-Location"] = PICTURE.format(1)
    whole.attach(picture)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.mhtml").write_bytes(whole.as_bytes())
    (folder / "b.mht").write_bytes(b"no such thing")

    report = import_files(tmp_path / "a", [folder])

    assert ({"new": 1, "failed": 1}, 1) == (dict(report.counts), report.media)
    with opened(tmp_path / "a") as (store, _):
        assert store.find(short) is not None
        assert store.media_path(PICTURE.format(1)) is not None


def test_the_exporters_json_is_read(tmp_path: Path) -> None:
    """An article with text is kept, one without waits as an address, WeChat's names become ours."""
    items = [
        {
            "aid": "2247480009_1",
            "link": ADDRESS,
            "title": "有正文",
            "_accountName": "测试号",
            "author_name": "某人",
            "digest": "摘要",
            "cover": "https://mmbiz.qpic.cn/c/0",
            "create_time": 1666844000,
            "update_time": 1666844280,
            "item_show_type": 0,
            "copyright_stat": 1,
            "appmsg_album_infos": [{"id": "77", "title": "合集"}],
            "content": "第一段\n\n第二段 <b> 不是标签",
        },
        {"aid": "2247480008_1", "link": RELATED, "title": "没有正文", "create_time": 1666844000},
    ]
    root, path = taken(tmp_path, "微信公众号文章.json", json.dumps(items, ensure_ascii=False))

    report = import_files(root, [path])

    assert {"new": 1, "waiting": 1} == dict(report.counts)
    with opened(root) as (store, _):
        stored = store.get(ADDRESS)
        article = store.article(stored.article_id)
    assert ("有正文", "测试号", "某人", "摘要") == (
        article.title,
        article.account.name,
        article.author,
        article.digest,
    )
    assert "第一段\n第二段 <b> 不是标签" == article.text
    assert (datetime(2022, 10, 27, 4, 18, tzinfo=UTC), True, "77") == (
        article.published, article.original, article.album.id if article.album else None
    )  # fmt: skip


def test_what_cannot_be_read_is_listed_and_nothing_stops_the_rest(tmp_path: Path) -> None:
    """Broken files of each kind end in the report with a reason, the exit code is 1, the good ones
    are in.
    """
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.json").write_text("{not json", encoding="utf-8")
    (folder / "b.warc.gz").write_bytes(b"not a warc at all")
    (folder / "c.html").write_text("<html>nothing of WeChat</html>", encoding="utf-8")
    (folder / "d.md").write_text("# nothing", encoding="utf-8")
    (folder / "e.html").write_bytes(page(1).body)
    (folder / "f.txt").write_text("not looked at", encoding="utf-8")

    result = wechat_archive("import", str(folder), "--archive", str(tmp_path / "a"))

    assert 1 == result.code
    assert result.stdout.startswith("import: 1 new, 4 could not be read")
    for name in ("a.json", "b.warc.gz", "c.html", "d.md"):
        assert f"not read: {folder / name}" in result.stderr


def test_a_path_that_is_not_there_is_said_before_anything_is_done(tmp_path: Path) -> None:
    """A slip of the pen creates no archive."""
    result = wechat_archive("import", str(tmp_path / "nothing"), "--archive", str(tmp_path / "a"))

    assert (64, False) == (result.code, (tmp_path / "a").exists())
    assert "there is no such file" in result.stderr


@pytest.mark.parametrize(
    ("markdown", "ours", "html"),
    [
        ("一行\n二行", False, "<p>一行二行</p>"),
        ("word\nword", False, "<p>word word</p>"),
        ("**粗**\n后", False, "<p><strong>粗</strong>后</p>"),
        ("价 $5 和 $10", False, "<p>价 $5 和 $10</p>"),
        ("设 $x_1$ 为", True, '<p>设 <code class="math">x_1</code> 为</p>'),
        ("$$\na<b\n$$", True, '<p><code class="math-block">a&lt;b</code></p>'),
        ("只有一个 $ 号", True, "<p>只有一个 $ 号</p>"),
        ("    缩进的段落", False, "<p>缩进的段落</p>"),
    ],
)
def test_markdown_to_html(markdown: str, ours: bool, html: str) -> None:
    """The corners where CommonMark alone would read Chinese prose wrongly."""
    assert html == to_html(markdown, ours=ours).strip()


@pytest.mark.long
def test_real_articles_survive_the_way_through_markdown(corpus: Path) -> None:
    """Every corpus page → file → article → file: the same file, text, links and facts (image sizes
    do not fit in).
    """
    for path in sorted(
        [*(corpus / "pages").glob("*.html"), *(corpus / "browser-saved").glob("*.html")]
    ):
        article = parse(
            Page(url="https://mp.weixin.qq.com/s/AbCdEfGhIjKlMnOpQrStUv", body=path.read_bytes())
        )
        text = to_markdown(article)

        again = read_body(read_head(text))

        assert text == to_markdown(again), path.name
        assert article.text == again.text, path.name
        for name in (
            "title",
            "account",
            "author",
            "published",
            "mid",
            "idx",
            "url",
            "digest",
            "media",
            "album",
        ):
            assert getattr(article, name) == getattr(again, name), (path.name, name)
        assert {link.url for link in article.links} == {link.url for link in again.links}, path.name


@pytest.mark.long
def test_the_sample_article_gives_four_related_reads(corpus: Path, tmp_path: Path) -> None:
    """The article that the user showed: every fact, and the four related reads to follow."""
    report = import_files(tmp_path / "a", [corpus / "sample-article.md"])

    assert (1, 4) == (report.counts["new"], report.links)
    shutil.rmtree(tmp_path / "a")


def test_earlier_versions_kept_as_files_become_versions_again(tmp_path: Path) -> None:
    """With ``versions = "files"`` the history is rebuilt too, each file as it was."""
    root = tmp_path / "a"
    with open_database(root / "archive.db") as db:
        store = Store(db, root, versions="files")
        for day, text in enumerate(("zuerst", "dann", "zuletzt")):
            article = parse(page(1, text=text))
            store.keep(article, address=article.url or "", now=NOW + timedelta(days=day))
    before = contents(root)
    (root / "archive.db").unlink()

    report = import_files(root, [root / "articles"], versions="files")

    assert {"new": 1, "modified": 2} == dict(report.counts)
    assert before == contents(root)
    with opened(root) as (store, _):
        found = next(iter(store.articles()))
        texts = [store.version(found.article_id, number).text for number in (1, 2, 3)]
        assert 0 == wechat_archive("verify", "--archive", str(root)).code
        assert ["zuerst", "dann", "zuletzt"] == [
            re.findall("zuerst|dann|zuletzt", text)[0] for text in texts
        ]


def test_an_edited_file_is_taken_as_it_is_now(tmp_path: Path) -> None:
    """A person's own words in a file survive the loss of the database: they are the article then,
    and stay on disk.
    """
    root = tmp_path / "a"
    fill(root, [page(1)])
    path = next((root / "articles").rglob("*.md"))
    edited = path.read_text(encoding="utf-8").replace("后文", "后文，我的补充")
    path.write_text(edited, encoding="utf-8")
    for database in root.glob("*.db*"):
        database.unlink()

    import_files(root, [root / "articles"])

    assert edited == path.read_text(encoding="utf-8")
    with opened(root) as (store, _):
        assert "我的补充" in store.article(next(iter(store.articles())).article_id).text


def write_behind(path: Path, words: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"\n{words}\n")


def test_where_raw_pages_are_left_ones_own_words_are_told_apart_again(tmp_path: Path) -> None:
    """By `reparse --all` and the next change of the file: the file alone does not say what WeChat
    showed.
    """
    fill(tmp_path, [page(1)])
    path = next((tmp_path / "articles").rglob("*.md"))
    write_behind(path, "我的补充")
    (tmp_path / "archive.db").unlink()

    import_files(tmp_path, [tmp_path / "articles"])
    reparse(tmp_path, scope="all", jobs=1)
    write_behind(path, "还有一句")

    with opened(tmp_path) as (store, _):
        notice_all(store, NOW)
        (held,) = store.articles()
        assert "我的补充" not in store.article(held.article_id).text
        mine = store.edits.text(held.article_id)
        assert mine is not None
        assert mine.lines == "我的补充\n还有一句"
