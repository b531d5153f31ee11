"""The page in a real Chromium: it reads, works by keyboard and without script, saves; and no
article acts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Dialog, Page, Response, Route, expect

from archive.snapshots import Snapshots
from scraper.models import Account, Album, Image, Link, Loss
from scraper.models import Page as RawPage
from tests.share import share
from tests.store.make import NOW, Download, article, keep, long_address, opened
from tests.web.chromium import Chromium, executable, served
from tests.web.everything import Everything, build, picture
from tests.web.pages import filled
from tests.web.payloads import PAYLOADS
from tests.weixin.server import Internet

#: Width, language and colours in turn, so that each is seen without looking at every page eight
#: times.
LOOKS: tuple[dict[str, Any], ...] = (
    {"width": 360, "language": "zh-CN"},
    {"width": 1280, "language": "en", "dark": True},
    {"width": 360, "language": "en", "dark": True},
    {"width": 1280, "language": "zh-CN"},
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser of this session."""
    program = executable()
    if program is None:
        pytest.skip("there is no chromium on this machine (apt-get install chromium)")
    browser = Chromium(program)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """An archive with one of everything."""
    return build(tmp_path_factory.mktemp("everything"))


@pytest.fixture(scope="module")
def address(held: Everything) -> Iterator[str]:
    """Where it is served."""
    with served(held.root) as found:
        yield found


def findings(page: Page) -> list[str]:
    """What is wrong with a page: accessibility (serious), width, errors in the console's sense."""
    rules = Axe().run(page).response["violations"]
    found = [
        f"{rule['id']}: {rule['nodes'][0]['html'][:200]} {rule['nodes'][0].get('failureSummary', '')[:300]}"
        for rule in rules
        if rule["impact"] in ("serious", "critical")
    ]
    wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return found + ([f"{wide} pixels too wide"] if wide > 0 else [])


def look(page: Page, url: str) -> list[str]:
    """Open it and say what is wrong with it."""
    errors: list[str] = []

    def on_console(told: ConsoleMessage) -> None:
        if "Content Security" in told.text and "/raw" not in url:  # what WeChat's page wants
            errors.append(told.text)

    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", on_console)
    answer = page.goto(url)
    assert answer is not None
    return [*errors, *findings(page)]


def noted(dialogs: list[str]) -> Callable[[Dialog], None]:
    """For what a script that ran would show: remembers it and closes it."""

    def on_dialog(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    return on_dialog


def wrong_with(chromium: Chromium, url: str, **given: Any) -> list[str]:
    """What is wrong with a page in a look."""
    return chromium.visit(lambda page: look(page, url), **given)


def test_every_page_can_be_read(chromium: Chromium, address: str, held: Everything) -> None:
    """No serious finding of axe-core, nothing wider than the screen, no script of ours that
    fails.
    """
    wrong = {
        path: found
        for number, path in enumerate(held.paths)
        if (found := wrong_with(chromium, address + path, **LOOKS[number % 4]))
    }

    assert {} == wrong


@pytest.mark.long
def test_every_page_in_every_look(chromium: Chromium, address: str, held: Everything) -> None:
    """Both languages, 360 and 1280 pixels, light and dark: every page in eight looks."""
    looks: list[dict[str, Any]] = [
        {"width": width, "language": language, "dark": dark}
        for width in (360, 1280)
        for language in ("en", "zh-CN")
        for dark in (False, True)
    ]
    looks = random.sample(looks, share(len(looks)))
    wrong = {
        (path, str(given)): found
        for path in held.paths
        for given in looks
        if (found := wrong_with(chromium, address + path, **given))
    }

    assert {} == wrong


def test_a_page_is_small(chromium: Chromium, address: str, held: Everything) -> None:
    """At most 60 KB of HTML, style and script; one file of each."""

    def weigh(page: Page) -> dict[str, int]:
        sizes: dict[str, int] = {}

        def on_response(answer: Response) -> None:
            sizes.setdefault(answer.request.resource_type, len(answer.body()))

        page.on("response", on_response)
        page.goto(address + path, wait_until="networkidle")
        return {kind: sizes[kind] for kind in ("document", "stylesheet", "script")}

    for path in ("/", "/search?q=茶", "/shelves", "/status", f"/articles/{held.full}"):
        found = chromium.visit(weigh)
        assert sum(found.values()) <= 60_000, (path, found)


def test_without_script(chromium: Chromium, address: str) -> None:
    """From the list to an article, search, star: everything works with forms and links."""

    def work(page: Page) -> None:
        page.goto(address)
        page.fill("#q", "岩茶")
        page.keyboard.press("Enter")
        page.click("a.title >> nth=0")
        expect(page.locator("h1")).to_contain_text("岩茶的一生")
        page.click(".star button")
        expect(page.locator(".star button")).to_have_attribute("aria-pressed", "true")
        page.goto(address + "/stars")
        expect(page.locator("a.title")).to_have_count(1)
        page.click("a.title")
        page.click(".star button")

    chromium.visit(work, script=False)


def test_by_keyboard(chromium: Chromium, address: str) -> None:
    """`/` searches, `j` and `k` go through the list, `o` opens, `s` stars; letters in a field are
    letters.
    """

    def work(page: Page) -> None:
        page.goto(address)
        titles = page.locator("a.title")
        page.keyboard.press("j")
        expect(titles.nth(0)).to_be_focused()
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press("k")
        expect(titles.nth(1)).to_be_focused()
        wanted = titles.nth(1).get_attribute("href")
        page.keyboard.press("o")
        page.wait_for_url(f"**{wanted}")
        page.keyboard.press("s")
        expect(page.locator(".star button")).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("s")
        expect(page.locator(".star button")).to_have_attribute("aria-pressed", "false")
        page.keyboard.press("/")
        expect(page.locator("#q")).to_be_focused()
        page.keyboard.type("jks")
        expect(page.locator("#q")).to_have_value("jks")
        page.keyboard.press("Escape")
        expect(page.locator("#q")).not_to_be_focused()
        page.keyboard.press("?")
        expect(page.locator(".keys dl")).to_be_in_viewport()
        page.keyboard.press("?")
        expect(page.locator(".keys dl")).not_to_be_visible()

    chromium.visit(work)


def test_no_key_writes_where_nothing_may_be_changed(chromium: Chromium, tmp_path: Path) -> None:
    """Of a server with --read-only the keys that star and mark are neither named nor sent."""
    filled(tmp_path, 1)

    def work(page: Page, home: str) -> None:
        sent: list[str] = []
        page.on("request", lambda one: sent.append(one.method))
        page.goto(home)
        for key in "jsr?":
            page.keyboard.press(key)
        expect(page.locator(".keys dl")).to_be_in_viewport()
        expect(page.locator(".keys kbd")).to_have_text(["/", "j", "k", "o", "?"])
        page.keyboard.press("o")
        page.wait_for_url("**/articles/*")
        assert {"GET"} == set(sent)

    with served(tmp_path, read_only=True) as home:
        chromium.visit(lambda page: work(page, home))


def test_a_title_from_right_to_left_reads_so(chromium: Chromium, tmp_path: Path) -> None:
    """Each title by its own first letters, in a list and above the article."""
    filled(tmp_path, 1, title="عنوان 中文 نص")

    def work(page: Page, home: str) -> None:
        page.goto(home)
        expect(page.locator("a.title")).to_have_css("unicode-bidi", "plaintext")
        page.click("a.title")
        expect(page.locator("h1")).to_have_css("unicode-bidi", "plaintext")

    with served(tmp_path) as home:
        chromium.visit(lambda page: work(page, home))


def test_paper_is_light(chromium: Chromium, address: str) -> None:
    """Printed from a dark screen, dim text is as dark as printed from a light one."""

    def dim(page: Page) -> str:
        page.goto(address)
        page.emulate_media(media="print")
        return str(
            page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--dim')")
        )

    assert chromium.visit(dim) == chromium.visit(dim, dark=True)


def test_r_marks_as_read(chromium: Chromium, tmp_path: Path) -> None:
    """`r` in a list and in an article: read, and unread again."""
    filled(tmp_path, 2)

    def work(page: Page, home: str) -> None:
        page.goto(home)
        page.keyboard.press("r")  # no article has the focus
        page.keyboard.press("j")
        page.keyboard.press("r")
        expect(page.locator(".entry.read")).to_have_count(1)
        page.keyboard.press("o")
        button = page.locator(".tools .read button")
        expect(button).to_have_text("Read")
        page.keyboard.press("r")
        expect(button).to_have_text("Mark as read")
        page.goto(home)
        expect(page.locator(".entry")).to_have_count(2)
        expect(page.locator(".entry.read")).to_have_count(0)

    with served(tmp_path) as home:
        chromium.visit(lambda page: work(page, home))


@pytest.mark.parametrize("script", [True, False])
def test_tags_and_note_are_kept_and_an_article_is_removed_and_brought_back(
    chromium: Chromium, tmp_path: Path, script: bool
) -> None:
    """By clicks alone, with and without script; what was written is there after the way back."""
    (key,) = filled(tmp_path, 1)

    def work(page: Page, home: str) -> None:
        page.goto(f"{home}/articles/{key}")
        page.click("text=Change")
        page.fill("input[name=tags]", "茶/岩茶，想再读")
        page.fill("textarea[name=note]", "第一行\n<b>第二行</b>")
        page.click("text=Keep")
        expect(page.locator(".mine .chips a")).to_have_text(["#茶/岩茶", "#想再读"])
        page.click("text=#茶/岩茶")
        expect(page.locator("h1")).to_have_text("茶/岩茶")
        page.click("a.title")
        page.click("text=Remove…")
        page.click("text=Remove this article")
        expect(page.locator("h1")).to_have_text("Removed")
        page.goto(f"{home}/status")
        page.click("main >> text=Removed")
        page.click("text=Bring back")
        expect(page.locator(".mine .note")).to_have_text("第一行\n<b>第二行</b>")
        expect(page.locator(".mine .chips a")).to_have_count(2)

    with served(tmp_path) as home:
        chromium.visit(lambda page: work(page, home), script=script)


def test_search_as_it_is_typed(chromium: Chromium, address: str) -> None:
    """Results, number and address follow the typing; the page is never loaded anew."""

    def work(page: Page) -> None:
        page.goto(address + "/search")
        page.evaluate("window.here = true")
        page.type("#q", "茶是红的")
        expect(page.locator(".count")).to_have_text("1 found")
        expect(page.locator(".snippet mark")).to_have_text("茶是红的")
        page.fill("#q", "正文")
        expect(page.locator(".bars a")).not_to_have_count(0)
        assert page.evaluate("window.here")
        assert page.url.endswith("/search?q=%E6%AD%A3%E6%96%87")
        page.fill("#q", "kind:nonsense")
        expect(page.locator("#results h1")).to_have_text("Not understood")

    chromium.visit(work)


def test_a_picture_grows_and_similar_ones_come(
    chromium: Chromium, address: str, held: Everything
) -> None:
    """A click shows the picture large, Escape closes it; what takes longer comes when it is looked
    at.
    """

    def work(page: Page) -> None:
        page.goto(f"{address}/articles/{held.full}")
        page.click(".body img")
        expect(page.locator("dialog img")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_have_count(0)
        page.locator(".similar").scroll_into_view_if_needed()
        expect(page.locator(".similar li, .similar p")).not_to_have_count(0)
        assert page.locator("math msup").count() == 1

    chromium.visit(work)


def test_a_difference_side_by_side(chromium: Chromium, address: str, held: Everything) -> None:
    """What was taken out and put in, by words."""

    def work(page: Page) -> tuple[list[str], list[str]]:
        page.goto(f"{address}/articles/{held.edited}")
        page.click("text=2 versions")
        return page.locator("del").all_inner_texts(), page.locator("ins").all_inner_texts()

    assert (["绿"], ["红", "又一句。"]) == chromium.visit(work)


def test_a_graph_leads_on(chromium: Chromium, address: str, held: Everything) -> None:
    """Each end of a line is a link to the graph of that article."""

    def work(page: Page) -> None:
        page.goto(f"{address}/articles/{held.full}/graph")
        expect(page.locator(".graph svg a")).to_have_count(3)
        page.locator(".graph svg a", has_text="第3篇").click()
        page.wait_for_url(f"**/articles/{held.edited}/graph")
        expect(page.locator(".graph svg a")).to_have_count(1)

    chromium.visit(work)


def test_a_graph_begins_at_its_middle_on_a_phone(
    chromium: Chromium, address: str, held: Everything
) -> None:
    """The article itself is seen, and where lines to both sides go on."""

    def work(page: Page) -> None:
        page.goto(f"{address}/articles/{held.full}/graph")
        expect(page.locator(".graph .sign.large")).to_be_in_viewport(ratio=1)

    chromium.visit(work, width=360)


def test_the_bookmarklet_hands_in_what_is_shown(chromium: Chromium, tmp_path: Path) -> None:
    """In an article of WeChat's it sends the page as it stands, into a tab of its own, without
    asking for a login.
    """
    with opened(tmp_path):
        pass

    def work(page: Page, home: str) -> str:
        page.goto(f"{home}/intake")
        bookmarklet = page.locator('a[href^="javascript:"]').get_attribute("href") or ""
        shown = "<title>一篇</title><div id=js_content>看到的正文</div>"

        def answer(route: Route) -> None:
            route.fulfill(body=shown, content_type="text/html; charset=utf-8")

        page.route("https://mp.weixin.qq.com/**", answer)
        page.goto("https://mp.weixin.qq.com/s/0123456789abcdefghijkl")
        page.evaluate("document.querySelector('#js_content').append('，和后来写进去的')")
        posted: list[str] = []
        page.context.on("request", lambda one: posted.append(one.post_data or ""))
        with page.expect_popup() as opening:
            page.evaluate(bookmarklet.removeprefix("javascript:"))
        expect(opening.value.locator("h1")).to_have_text("Taken")
        (form,) = filter(None, posted)
        return parse_qs(form)["html"][0]

    with served(tmp_path) as home:
        assert "看到的正文，和后来写进去的" in chromium.visit(lambda page: work(page, home))


def test_a_raw_page_can_do_nothing(chromium: Chromium, address: str, held: Everything) -> None:
    """Its script does not run and its picture is not asked for, in the frame and opened alone."""

    def work(page: Page) -> list[str]:
        dialogs: list[str] = []
        page.on("dialog", noted(dialogs))
        for path in ("raw", "raw/1"):
            page.goto(f"{address}/articles/{held.raw}/{path}", wait_until="networkidle")
            frame = page.frames[-1]
            assert "原样" in frame.inner_text("body")
        return dialogs

    before = chromium.asked()
    assert [] == chromium.visit(work)
    assert before == chromium.asked()


def test_save_and_see_it_arrive(
    chromium: Chromium, internet: Internet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address is pasted, the article appears on the job's page without a reload, and is read."""
    for name, value in internet.env.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "config.toml").write_text("interval = 0\n", encoding="utf-8")
    found = internet.site.article("刚刚到的文章")

    def work(page: Page) -> None:
        page.goto(home + "/status")
        page.fill("#addresses", f"看这个 {found.short}")
        page.click("button.main")
        page.evaluate("window.here = true")
        expect(page.locator("a.title")).to_have_text("刚刚到的文章", timeout=60_000)
        expect(page.locator("h1 .state")).to_have_text("done", timeout=60_000)
        assert page.evaluate("window.here")
        page.click("a.title")
        expect(page.locator("h1")).to_have_text("刚刚到的文章")

    with served(tmp_path) as home:
        chromium.visit(work)


def poisoned(root: Path, payloads: list[str]) -> list[str]:
    """An archive with a payload in every field of an article, its body written past the cleaning;
    the keys.
    """
    keys = []
    with opened(root) as store, Snapshots(root / "snapshots.db") as snapshots:
        for number, payload in enumerate(payloads, start=1):
            account = Account(name=payload, biz=f"biz{number}", alias=payload, signature=payload)
            url = f"https://mmbiz.qpic.cn/{number}?{payload}"
            store.add_media(url, Download(picture()), NOW)
            made = replace(
                article(number, images=(url,), links=(1, number + 1000)),
                title=payload,
                account=account,
                author=payload,
                digest=payload,
                place=payload,
                category=payload,
                tags=(payload,),
                claims=(payload,),
                language=payload,
                cover=url,
                album=Album(id=str(number), title=payload, url=payload),
                losses=(Loss(kind=payload, where=payload),),
                text=f"正文 {payload}",
            )
            made = replace(
                made,
                body=f"{made.body}<p>{payload}</p>{payload}<code class='math'>{payload}</code>",
                images=(*made.images, Image(url=payload, alt=payload)),
                links=(*made.links, Link(url=payload, relation="source", text=payload)),
            )
            raw = snapshots.put(
                RawPage(url=long_address(number), body=payload.encode()),
                address=long_address(number),
            )
            keys.append(keep(store, made, address=long_address(number), snapshot_id=raw).key)
            store.db.conn.execute(
                "UPDATE albums SET title = ?, url = ? WHERE id = ?", (payload, payload, str(number))
            )
            store.db.conn.commit()
    return keys


#: Elements and attributes that no page of ours has, but for the script in its head.
_ACTIVE = """[...document.querySelectorAll('*')].filter(one =>
    (one.matches('script') && !one.src.includes('/static/page.js')) ||
    (one.matches('iframe') && !one.hasAttribute('sandbox')) ||
    one.matches('object, embed, applet, base, style, meta[http-equiv], animate, foreignObject, use, audio, video') ||
    (one.matches('link') && !one.href.startsWith(location.origin)) ||
    [...one.attributes].some(a => /^on/i.test(a.name) || a.name === 'style'
        || (/^(href|src|xlink:href|action|formaction)$/.test(a.name) && /^\\s*(javascript|data):/i.test(a.value))
        || (/^(src|srcset|background|poster|action|formaction|data)$/.test(a.name)
            && new URL(a.value, location).origin !== location.origin))
).map(one => one.outerHTML.slice(0, 200))"""


def attacked(chromium: Chromium, root: Path, payloads: list[str]) -> tuple[list[str], list[str]]:
    """What acted on pages of an archive full of payloads, and what was asked for elsewhere."""
    keys = poisoned(root, payloads)
    acted: list[str] = []

    def work(page: Page) -> None:
        page.on("dialog", noted(acted))
        for path in paths:
            page.goto(address + path)
            acted.extend(f"{path}: {one}" for one in page.evaluate(_ACTIVE))
            assert page.url.startswith(address), page.url

    with served(root) as address:
        paths = [
            "/",
            "/shelves",
            "/status",
            "/search?q=正文",
            "/search?q=alert",
            "/accounts/biz1/graph",
        ]
        for number, key in enumerate(keys, start=1):
            paths += [
                f"/articles/{key}",
                f"/articles/{key}/raw",
                f"/accounts/biz{number}",
                f"/albums/{number}",
            ]
        before = len(chromium.asked())
        chromium.visit(work)
    return acted, chromium.asked()[before:]


def test_nothing_in_an_article_acts(chromium: Chromium, tmp_path: Path) -> None:
    """A tenth of the payloads in every field, among them one of each kind: none runs, no request
    leaves.
    """
    assert ([], []) == attacked(chromium, tmp_path, [*PAYLOADS[::9], "javascript:alert(1)"])


@pytest.mark.long
def test_two_hundred_payloads(chromium: Chromium, tmp_path: Path) -> None:
    """All of them; in CI others each time."""
    payloads = random.sample(PAYLOADS, share(len(PAYLOADS)))

    assert ([], []) == attacked(chromium, tmp_path, payloads), payloads


def test_the_counting_proxy_counts(chromium: Chromium) -> None:
    """What is not for this machine goes there: the two tests above could fail."""

    def work(page: Page) -> None:
        page.set_content("<img src='http://evil.example/p.png'>")
        page.wait_for_load_state("networkidle")

    before = len(chromium.asked())
    chromium.visit(work)

    assert any("evil.example" in one for one in chromium.asked()[before:])
