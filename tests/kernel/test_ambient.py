"""Settings come back after a kernel died, those that users register too, and one that is edited makes the steps below it stale."""

from __future__ import annotations

from kernel.conftest import Notebook

APP = "class settings:\n    theme = 'light'\n"
REGISTER = (
    "import durnb, app\n"
    "durnb.register_ambient('app.theme', take=lambda: app.settings.theme, put=lambda theme: setattr(app.settings, 'theme', theme))"
)
STYLE = "%%durable style\nran('style')\napp.settings.theme = 'dark'"
PLOT = "%%durable plot\nran('plot')\nshown = app.settings.theme"
SEE = "%%durable see\nran('see')\nseen = 1"


def test_a_registered_setting_comes_back_after_a_kill(nb: Notebook) -> None:
    (nb.place.folder / "app.py").write_text(APP)
    nb.ok(REGISTER, STYLE, PLOT)
    nb.open().ok(REGISTER, STYLE)
    assert nb.evaluate("app.settings.theme") == "dark"
    nb.ok(PLOT)
    assert nb.executions == {"style": 1, "plot": 1}
    assert nb.names("shown") == {"shown": "'dark'"}


def test_a_step_runs_with_the_setting_that_its_place_sees(nb: Notebook) -> None:
    (nb.place.folder / "app.py").write_text(APP)
    nb.ok(REGISTER, STYLE, PLOT, STYLE.replace("theme = 'dark'", "theme += '!'"))
    assert nb.evaluate("app.settings.theme") == "light!"
    assert "app.theme" in nb.ok(PLOT).badge
    assert nb.names("shown") == {"shown": "'light!'"}
    nb.ok(
        "%%durable twice --retries 1 --delay 0s\nran('twice')\napp.settings.theme += '?'\nassert open('tally.py.txt').read().count('twice') == 2"
    )
    assert nb.executions["twice"] == 2
    assert nb.evaluate("app.settings.theme") == "light!?"


def test_what_a_library_sets_as_a_value_of_it_is_put_back_is_no_setting_of_the_plain_cell_below(nb: Notebook) -> None:
    (nb.place.folder / "quiet.py").write_text("import warnings\nwarnings.filterwarnings('ignore', message='quiet')\nclass Thing: pass\n")
    make = "%%durable make\nran('make')\nfrom quiet import Thing\nthing = Thing()\nk = {}"
    use = "%%durable use\nran('use')\nboth = thing, k"
    nb.ok(make.format(1), use, make.format(2), use)
    nb.open().ok(make.format(2), use, "thing", make.format(1), use)
    assert nb.executions == {"make": 2, "use": 2}
    nb.open().ok("%durable restore", "thing", make.format(2), use, make.format(1).replace("k = 1", "k = 3"))
    assert nb.executions == {"make": 3, "use": 2}


def test_imports_in_the_cell_that_loads_the_extension_are_like_those_below_it(nb: Notebook) -> None:
    (nb.place.folder / "quiet.py").write_text("import warnings\nwarnings.filterwarnings('ignore', message='quiet')\n")
    nb.ok("import quiet", SEE)
    nb.first_cells = ("%load_ext durnb\nimport quiet\nfrom tally import ran",)
    nb.open().ok(SEE)
    assert nb.executions == {"see": 1}


def test_an_edited_setting_of_a_plain_cell_makes_the_steps_below_stale(nb: Notebook) -> None:
    (nb.place.folder / "app.py").write_text(APP)
    set_to = "app.settings.theme = {!r}"
    nb.ok(REGISTER, set_to.format("dark"), PLOT, SEE)
    nb.open().ok(REGISTER, set_to.format("dark"), PLOT, SEE)
    assert nb.executions == {"plot": 1, "see": 1}
    result = nb.open().ok(REGISTER, set_to.format("blue"), PLOT)
    assert "the setting app.theme changed" in result.badge
    assert nb.names("shown") == {"shown": "'blue'"}
    nb.open().ok("import app\n" + set_to.format("red") + "\n" + REGISTER, PLOT)
    assert nb.names("shown") == {"shown": "'red'"}


def test_a_step_whose_setting_is_not_registered_in_this_kernel_asks_and_is_not_run(nb: Notebook) -> None:
    (nb.place.folder / "app.py").write_text(APP)
    nb.ok(REGISTER, STYLE, PLOT)
    nb.open().ok("import app")
    said = nb.refused(STYLE).evalue
    assert "the setting app.theme is gone; the value of `app.theme` that it saw is gone, run the cells above again" in said
    nb.ok(REGISTER, STYLE, PLOT)
    assert nb.executions == {"style": 1, "plot": 1}
    nb.open().ok("import app", "%durable resolve style keep")
    assert "the setting app.theme is not known in this kernel: durnb.register_ambient('app.theme', …)" in nb.ok(STYLE).badge


def test_what_fails_in_a_users_function_is_said_and_costs_nothing_else(nb: Notebook) -> None:
    (nb.place.folder / "app.py").write_text(APP)
    nb.ok(REGISTER, STYLE)
    result = nb.ok("del app.settings.theme", "%%durable more\nx = 1")
    assert "app.theme could not be read and counts as unchanged (AttributeError" in result.announcement
    assert nb.ok("%%durable yet\ny = 2").announcement == ""
    assert nb.ok("x, y").text == "(1, 2)"
    broken = REGISTER.replace("setattr(app.settings, 'theme', theme)", "1 / 0")
    result = nb.open().ok(broken, STYLE)
    assert "@app.theme could not be set: ZeroDivisionError" in result.badge
    assert "take() failed: AttributeError" in nb.run("durnb.register_ambient('x', take=lambda: app.nothing, put=print)").evalue


def test_settings_of_libraries_and_of_the_process_come_back(data_nb: Notebook) -> None:
    cell = (
        "%%durable settings\nran('settings')\nimport locale, os, sys, time\nimport numpy as np\nnp.set_printoptions(precision=2)\n"
        "np.seterr(divide='raise')\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')\nsys.setrecursionlimit(4321)\nos.environ['TZ'] = 'Asia/Tokyo'\ntime.tzset()"
    )
    see = "[repr(np.array([1 / 3])), np.geterr()['divide'], locale.setlocale(locale.LC_CTYPE), sys.getrecursionlimit(), time.localtime(0).tm_hour]"
    env = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    data_nb.open(**env).ok(cell)
    wanted = ["array([0.33])", "raise", "C.UTF-8", 4321, 9]
    assert data_nb.ok(f"print({see})").text.strip() == str(wanted)
    data_nb.open(**env).ok(cell)
    assert data_nb.ok(f"print({see})").text.strip() == str(wanted)
    assert data_nb.executions == {"settings": 1}


def test_an_edited_print_option_makes_what_is_below_stale(data_nb: Notebook) -> None:
    digits, show = "np.set_printoptions(precision={})", "%%durable show\nran('show')\nprint(np.array([1 / 3]))"
    data_nb.ok("import numpy as np", digits.format(2), show)
    assert data_nb.open().ok("import numpy as np", digits.format(2), show).replayed
    result = data_nb.ok(digits.format(3), show)
    assert "the setting numpy.printoptions changed" in result.badge
    assert result.text.strip() == "[0.333]"


def test_settings_that_a_failed_attempt_changed_are_set_back_also_those_of_libraries(data_nb: Notebook) -> None:
    data_nb.ok("import decimal\nimport matplotlib as mpl\nimport numpy as np\nimport pandas as pd\ncontext = decimal.getcontext()")
    shown = "np.geterr()['over'], np.get_printoptions()['precision'], pd.get_option('display.max_rows'), mpl.rcParams['figure.dpi'], context.prec"
    cell = f"""%%durable a
before = {shown}
np.seterr(over="raise"); np.set_printoptions(precision=2); pd.set_option("display.max_rows", 7); mpl.rcParams["figure.dpi"] = 33
decimal.getcontext().prec = 5
assert FINE"""
    plain = data_nb.evaluate(f"[{shown}]")
    data_nb.run(f"FINE = False\n{shown}")
    assert not data_nb.run(cell).ok
    data_nb.ok("FINE = True", cell)
    assert data_nb.evaluate("list(before)") == plain
    assert data_nb.evaluate(f"[{shown}, context is decimal.getcontext()]") == ["raise", 2, 7, 33.0, 5, True]


def test_numpys_generator_comes_back_though_numpy_loads_it_only_when_it_is_used(nb: Notebook) -> None:
    seed = "%%durable init\nran('init')\nnp.random.seed(42)\nfirst = float(np.random.randn(100)[0])"
    draw = "%%durable draw\nran('draw')\ndrawn = float(np.random.randn(50).sum())"
    nb.ok("import numpy as np", seed, draw)
    expected = nb.evaluate("drawn")
    nb.open().ok("import numpy as np", seed, draw)
    assert nb.executions == {"init": 1, "draw": 1}
    nb.ok(draw.replace("draw\n", "draw_again\n", 1).replace("drawn", "again"))
    nb.open().ok("import numpy as np", seed, draw + "\n0")
    assert nb.evaluate("drawn") == expected
