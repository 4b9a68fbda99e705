"""The page in a real browser: sorting, a phone's width, a hostile name."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmark.board import Leaderboard
from benchmark.render.html import html

pytestmark = pytest.mark.browser
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
)


@pytest.fixture
def browser(rich_board: Leaderboard, tmp_path: Path) -> Iterator[object]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("needs Chromium and ChromeDriver on PATH")
    page = tmp_path / "index.html"
    page.write_bytes(html(rich_board).encode())
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS.split(), f"--user-data-dir={tmp_path / 'profile'}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        session.get(page.as_uri())
        yield session
    finally:
        session.quit()


def names(browser) -> list[str]:
    return browser.execute_script(
        "return [...document.querySelector('table.sortable').tBodies[0].rows].map(row => row.cells[0].textContent)"
    )


def press(browser, title: str) -> str:
    """Press a column's header in the first table; its `aria-sort` afterwards."""
    from selenium.webdriver.common.by import By

    table = browser.find_element(By.CSS_SELECTOR, "table.sortable")
    header = next(h for h in table.find_elements(By.CSS_SELECTOR, "thead th") if h.text.startswith(title))
    header.find_element(By.TAG_NAME, "button").click()
    return header.get_attribute("aria-sort")


def test_headers_sort_and_absent_stays_last(browser):
    hostile = "<script>alert(1)</script>"
    assert names(browser) == ["opensmile_compare", "logmel_stats", "chance", "byol_s_512", hostile]
    assert press(browser, "ravdess_serab") == "descending"
    assert names(browser) == ["byol_s_512", "opensmile_compare", "logmel_stats", "chance", hostile]
    assert press(browser, "ravdess_serab") == "ascending"
    assert names(browser) == ["chance", "logmel_stats", "opensmile_compare", "byol_s_512", hostile]
    assert press(browser, "embedder") == "ascending"
    assert names(browser)[1:] == ["byol_s_512", "chance", "logmel_stats", "opensmile_compare"]
    assert press(browser, "mean rank") == "ascending"
    assert names(browser)[:3] == ["opensmile_compare", "logmel_stats", "chance"]


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_overflows_and_tables_scroll_inside(browser, width: int):
    metrics = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.refresh()
    browser.execute_script("document.querySelectorAll('details').forEach(details => { details.open = true })")
    assert browser.execute_script("return innerWidth") == width
    root = "return document.documentElement"
    assert browser.execute_script(f"{root}.scrollWidth") == browser.execute_script(f"{root}.clientWidth")
    inner, outer = browser.execute_script(
        "const box = document.querySelector('.scroll'); return [box.scrollWidth, box.clientWidth]"
    )
    assert inner > outer or width > 390


def test_hostile_name_is_inert_and_the_console_is_clean(browser):
    from selenium.common.exceptions import NoAlertPresentException

    with pytest.raises(NoAlertPresentException, match="no such alert"):
        _ = browser.switch_to.alert
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.get_log("browser") == []


def test_the_policy_blocks_foreign_scripts(browser):
    browser.execute_script(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s)"
    )
    assert browser.execute_script("return window.hit === undefined")
