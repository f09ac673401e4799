"""What a process has beside its variables is noticed, told apart and set back."""

from __future__ import annotations

import decimal
import locale
import os
import random
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from durnb.snapshot import AmbientState, ambient, ambient_changes, set_ambient
from durnb.snapshot.plain import spelled


@pytest.fixture(autouse=True)
def _put_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder, path, environment = Path.cwd(), list(sys.path), dict(os.environ)
    state, context = random.getstate(), decimal.getcontext().copy()
    spoken, limit = locale.setlocale(locale.LC_ALL), sys.getrecursionlimit()
    with warnings.catch_warnings():
        yield
    locale.setlocale(locale.LC_ALL, spoken)
    sys.setrecursionlimit(limit)
    os.chdir(folder)
    sys.path[:] = path
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    random.setstate(state)
    decimal.setcontext(context)


def changed(work: Any) -> dict[str, str]:
    before = ambient()
    work()
    return dict(ambient_changes(before, ambient()))


def there_and_back(name: str, work: Any, undo: Any) -> None:
    work()
    wanted = ambient()
    undo()
    assert ambient().get(name) != wanted.get(name)
    assert set_ambient({name: wanted.get(name)}) == []
    assert ambient().get(name) == wanted.get(name)


def test_nothing_changes_by_looking() -> None:
    assert changed(lambda: None) == {}


def test_taking_it_is_fast() -> None:
    ambient()
    took = []
    for _ in range(10):
        start = time.perf_counter()
        ambient()
        took.append(time.perf_counter() - start)
    assert min(took) < 0.005


@pytest.mark.parametrize("draws", [1, 7, 623, 624, 625, 100_000])
def test_drawing_advances_the_generator(draws: int) -> None:
    assert changed(lambda: [random.random() for _ in range(draws)]) == {"@random": "advanced"}


def test_a_normal_number_in_store_counts_as_drawn() -> None:
    random.seed(1)
    random.gauss(0, 1)
    assert changed(lambda: random.gauss(0, 1)) == {"@random": "advanced"}


def test_seeding_sets_the_generator() -> None:
    random.random()
    assert changed(lambda: random.seed(5)) == {"@random": "set"}
    assert changed(lambda: (random.random(), random.seed(5))) == {}
    assert changed(lambda: (random.seed(6), random.random())) == {"@random": "set"}


def test_going_back_sets_the_generator() -> None:
    random.seed(1)
    state = random.getstate()
    random.random()
    assert changed(lambda: random.setstate(state)) == {"@random": "set"}


def test_the_generator_is_set_back() -> None:
    random.seed(9)
    random.gauss(0, 1)
    state = ambient()["@random"]
    drawn = [random.gauss(0, 1), random.random()]
    set_ambient({"@random": state})
    assert [random.gauss(0, 1), random.random()] == drawn


def test_numpy_draws_and_seeds_are_told_apart() -> None:
    np = pytest.importorskip("numpy")
    kept = np.random.get_state()
    try:
        np.random.seed(1)
        assert changed(lambda: np.random.rand(3)) == {"@numpy.random": "advanced"}
        assert changed(lambda: np.random.randn(100_001)) == {"@numpy.random": "advanced"}
        assert changed(lambda: np.random.randn()) == {"@numpy.random": "advanced"}
        assert changed(lambda: np.random.seed(1)) == {"@numpy.random": "set"}
        state = ambient()["@numpy.random"]
        drawn = np.random.randn(5).tolist()
        set_ambient({"@numpy.random": state})
        assert np.random.randn(5).tolist() == drawn
    finally:
        np.random.set_state(kept)


def test_the_folder_is_set_back(tmp_path: Path) -> None:
    home = Path.cwd()
    there_and_back("@cwd", lambda: os.chdir(tmp_path), lambda: os.chdir(home))
    assert Path.cwd() == tmp_path


def test_a_folder_that_is_gone_gives_a_note(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    state = ambient()["@cwd"]
    os.chdir(tmp_path)
    gone.rmdir()
    assert set_ambient({"@cwd": state}) == [f"cwd {gone} is gone; left as it is"]
    assert Path.cwd() == tmp_path


def test_a_deleted_folder_is_no_trouble(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.chdir(gone)
    gone.rmdir()
    assert "@cwd" not in ambient()


def test_the_search_path_is_set_back() -> None:
    there_and_back("@sys.path", lambda: sys.path.append("/x"), lambda: sys.path.remove("/x"))
    assert sys.path[-1] == "/x"


def test_environment_variables_come_and_go_one_by_one() -> None:
    os.environ["GOES"] = "1"
    assert changed(lambda: (os.environ.update(COMES="1"), os.environ.pop("GOES"))) == {"@environ:COMES": "set", "@environ:GOES": "gone"}
    assert set_ambient({"@environ:COMES": None}) == []
    assert "COMES" not in os.environ


@pytest.mark.parametrize(
    "name", ["API_KEY", "my_token", "DB_PASSWORD", "AWS_SECRET", "GOOGLE_CREDENTIALS", "JPY_PARENT_PID", "DURNB_STORE"]
)
def test_secrets_and_machinery_are_never_taken_or_set(name: str) -> None:
    assert changed(lambda: os.environ.update({name: "hidden"})) == {}
    del os.environ[name]
    (note,) = set_ambient({f"@environ:{name}": AmbientState("0", b"hidden")})
    assert name not in os.environ
    assert "hidden" not in note


def test_a_value_already_set_is_never_overwritten() -> None:
    os.environ["MODE"] = "mine"
    (note,) = set_ambient({"@environ:MODE": AmbientState("0", b"theirs")})
    assert os.environ["MODE"] == "mine"
    assert "theirs" not in note


def test_warnings_filters_are_set_back() -> None:
    def quiet() -> None:
        warnings.filterwarnings("ignore", message="one.*", category=UserWarning)

    there_and_back("@warnings", quiet, warnings.resetwarnings)
    warnings.simplefilter("error", append=True)
    warnings.warn("one thing", stacklevel=1)
    with pytest.raises(UserWarning, match="another"):
        warnings.warn("another", stacklevel=1)


def test_the_decimal_context_is_set_back() -> None:
    there_and_back("@decimal", lambda: setattr(decimal.getcontext(), "prec", 7), lambda: decimal.setcontext(decimal.Context()))
    assert decimal.Decimal(1) / 3 == decimal.Decimal("0.3333333")


def test_pandas_options_are_set_back_and_reset() -> None:
    pd = pytest.importorskip("pandas")
    assert changed(lambda: pd.set_option("display.max_rows", 7)) == {"@pandas:display.max_rows": "set"}
    there_and_back("@pandas:display.max_rows", lambda: None, lambda: pd.reset_option("display.max_rows"))
    assert pd.get_option("display.max_rows") == 7
    assert changed(lambda: pd.reset_option("display.max_rows")) == {"@pandas:display.max_rows": "gone"}
    pd.set_option("display.max_rows", 7)
    set_ambient({"@pandas:display.max_rows": None})
    assert pd.get_option("display.max_rows") == 60


def test_rc_params_are_set_back() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    cycler = pytest.importorskip("cycler").cycler
    with matplotlib.rc_context():

        def style() -> None:
            matplotlib.rcParams.update({"lines.linewidth": 4.0, "axes.prop_cycle": cycler(color=["r", "g"])})

        there_and_back("@rcParams", style, matplotlib.rcdefaults)
        assert matplotlib.rcParams["lines.linewidth"] == 4.0
        assert matplotlib.rcParams["axes.prop_cycle"] == cycler(color=["r", "g"])


def test_a_component_that_nobody_knows_gives_a_note() -> None:
    (note,) = set_ambient({"@newer": AmbientState("0", b"")})
    assert "newer is not known" in note


def test_a_cap_style_of_matplotlib_is_set_back() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context():
        there_and_back("@rcParams", lambda: matplotlib.rcParams.update({"lines.solid_capstyle": "butt"}), matplotlib.rcdefaults)
        assert matplotlib.rcParams["lines.solid_capstyle"] == "butt"


def test_a_list_that_is_changed_in_place_is_a_change() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    with matplotlib.rc_context():
        assert changed(lambda: matplotlib.rcParams["font.serif"].append("Mine")) == {"@rcParams": "set"}
        assert changed(lambda: matplotlib.rcParams["font.serif"].pop()) == {"@rcParams": "set"}
    sys.path.append("/x")
    assert changed(lambda: sys.path.reverse()) == {"@sys.path": "set"}


def test_equal_settings_have_equal_digests_whatever_made_their_texts() -> None:
    sys.path[:] = ["/one"] * 2
    digest = ambient()["@sys.path"].digest
    sys.path[:] = ["/one", "".join(["/", "one"])]
    assert ambient()["@sys.path"].digest == digest


def test_the_locale_is_set_back() -> None:
    def set_to(name: str) -> None:
        locale.setlocale(locale.LC_ALL, name)

    there_and_back("@locale", lambda: set_to("C.UTF-8"), lambda: set_to("C"))
    assert locale.setlocale(locale.LC_CTYPE) == "C.UTF-8"


def test_a_locale_that_is_not_installed_gives_a_note() -> None:
    before = ambient()["@locale"]
    (note,) = set_ambient({"@locale": AmbientState("0", spelled("xx_XX.UTF-8"))})
    assert "xx_XX.UTF-8 is not installed" in note
    assert ambient()["@locale"] == before


def test_the_limit_of_recursion_is_set_back() -> None:
    limit = sys.getrecursionlimit()
    there_and_back("@recursionlimit", lambda: sys.setrecursionlimit(limit + 77), lambda: sys.setrecursionlimit(limit))
    assert sys.getrecursionlimit() == limit + 77


def test_a_time_zone_that_is_set_back_is_that_of_the_clock() -> None:
    os.environ.pop("TZ", None)
    time.tzset()
    set_ambient({"@environ:TZ": AmbientState("0", b"Asia/Tokyo")})
    assert time.localtime(0).tm_hour == 9
    set_ambient({"@environ:TZ": None})
    os.environ["TZ"] = "UTC"
    set_ambient({"@environ:TZ": None})
    set_ambient({"@environ:TZ": AmbientState("0", b"UTC")})
    assert time.localtime(0).tm_hour == 0


LIBRARIES = [
    ("numpy", "@numpy.printoptions", "set_printoptions(precision=3, suppress=True)", "get_printoptions()['precision']", 3),
    ("numpy", "@numpy.errstate", "seterr(divide='raise')", "geterr()['divide']", "raise"),
    ("sklearn", "@sklearn.config", "set_config(transform_output='pandas')", "get_config()['transform_output']", "pandas"),
    ("polars", "@polars.config", "Config.set_float_precision(3)", "Config.state()['set_float_precision']", 3),
]


@pytest.mark.parametrize(("name", "component", "work", "read", "value"), LIBRARIES, ids=[each[1] for each in LIBRARIES])
def test_settings_of_a_library_are_set_back_and_reset(name: str, component: str, work: str, read: str, value: object) -> None:
    space = {"library": pytest.importorskip(name)}
    before = ambient()
    assert component not in before, "what a library sets as it loads is no state: have its defaults changed?"
    assert changed(lambda: exec(f"library.{work}", space)) == {component: "set"}
    wanted = ambient()
    assert set_ambient({component: None}) == []
    assert ambient() == before
    assert set_ambient({component: wanted[component]}) == []
    assert ambient() == wanted
    assert eval(f"library.{read}", space) == value
    set_ambient({component: None})


def test_settings_of_a_library_that_is_not_loaded_give_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    assert "@polars.config" not in ambient()
    assert set_ambient({"@polars.config": None}) == []
    (note,) = set_ambient({"@polars.config": AmbientState("0", spelled({"set_float_precision": 3}))})
    assert note == "polars is not loaded, so its settings are left as they are"


def test_the_environment_is_looked_at_where_python_keeps_it() -> None:
    # a private attribute: where it goes, `Environment.look` is right all the same, and forty times slower
    assert os.environ._data[b"PATH"] == os.environb[b"PATH"]
