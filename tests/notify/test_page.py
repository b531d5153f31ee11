"""Links in messages lead to the page where `serve` runs, and nowhere where it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from archive.db.running import address_of_page, announce_page
from tests.crawl.fakes import long
from tests.notify.world import AlertWorld

HOME = "http://127.0.0.1:8787/"


def test_where_the_page_is_holds_as_long_as_it_is_served(tmp_path: Path) -> None:
    """Also where two serve it: the first is meant."""
    assert address_of_page(tmp_path) is None
    end = announce_page(tmp_path, HOME)
    end_other = announce_page(tmp_path, "http://127.0.0.1:9999/")
    assert HOME == address_of_page(tmp_path)
    end_other()
    assert HOME == address_of_page(tmp_path)
    end()
    assert address_of_page(tmp_path) is None


def test_a_server_that_was_killed_is_not_there(tmp_path: Path) -> None:
    """Its note stays behind, its hold on it does not."""
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from archive.db.running import announce_page\n"
        f"announce_page(Path(sys.argv[1]), {HOME!r}); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)

    assert HOME == (tmp_path / ".serve").read_text()
    assert address_of_page(tmp_path) is None


def test_what_others_left_there_is_not_followed(tmp_path: Path) -> None:
    """A link, a pipe, words that are no address of a page."""
    (tmp_path / "elsewhere").write_text("kept")
    (tmp_path / ".serve").symlink_to(tmp_path / "elsewhere")
    announce_page(tmp_path, HOME)()
    assert ("kept", None) == ((tmp_path / "elsewhere").read_text(), address_of_page(tmp_path))

    (tmp_path / ".serve").unlink()
    os.mkfifo(tmp_path / ".serve")
    assert address_of_page(tmp_path) is None

    (tmp_path / ".serve").unlink()
    end = announce_page(tmp_path, "javascript:alert(1)")
    assert address_of_page(tmp_path) is None
    end()


def test_messages_lead_to_the_page(tmp_path: Path) -> None:
    """Where it is served now; the setting goes before, for telephones."""
    world = AlertWorld(tmp_path / "archive")
    world.alert("茶", "岩茶")
    end = announce_page(world.root, HOME)
    for number, page_url in ((1, None), (2, "https://nas.example/wechat")):
        world.publish(number, "岩茶")
        world.save(long(number))
        world.run(exec=world.exec, page_url=page_url)
    end()

    pages = [message["matches"][0]["articles"][0]["page"] for message in world.told]
    keys = [message["matches"][0]["articles"][0]["key"] for message in world.told]
    assert [
        f"{HOME}articles/{keys[0]}",
        f"https://nas.example/wechat/articles/{keys[1]}",
    ] == pages
