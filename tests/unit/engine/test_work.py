"""Which cells without a header work, and which only prepare."""

from __future__ import annotations

import pytest

from durnb.engine.work import does_work, made_by


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "# only a comment",
        '"""A text."""',
        "import numpy as np\nfrom a.b import c",
        "def f():\n    return load()\n\n@cache\nclass C: ...",
        "f = lambda x: x + 1",
        "N, PATH = 1024 * 16, 'data.csv'\nTHRESHOLD: float = -0.5",
        "cols = ['a', 'b']\nsizes = {'small': (1, -2), 'big': [3, {4}]}\nrows = []",
        "try:\n    import fast\nexcept ImportError:\n    fast = None",
        "import sys\nif sys.platform == 'linux':\n    import fast",
        "with warnings.catch_warnings():\n    import noisy",
        "%matplotlib inline\nimport os\n%load_ext autoreload\n%autoreload 2",
        "%config InlineBackend.figure_format = 'retina'",
        "!pip install -q pandas",
        "!python -m pip install a \\\n    b",
        "pip install pandas",
        "%pip install pandas",
        "%%bash\n# what is needed\napt-get install -y graphviz",
        "%%capture\n!pip install pandas",
        "%%time\nimport pandas",
        "%load_ext sql\n%sql sqlite:///a.db",
        "%%sql\nselect 1",
        "%%writefile helpers.py\nx = load()",
        "%%html\n<b>x</b>",
        "?len",
        "len??",
        "exit",
        "plt.style.use('ggplot')\nplt.rcParams['figure.figsize'] = (10, 6)",
        "pd.set_option('display.width', 100)\npd.options.display.max_rows = 5",
        "import torch\ntorch.backends.cudnn.deterministic = True\ntorch.manual_seed(0)",
        "random.seed(1)\nnp.random.seed(1)",
        "filterwarnings('ignore')\nload_dotenv()",
        "sys.path.append('..')\nos.environ['X'] = '1'",
        "from tqdm import tqdm\ntqdm.pandas()",
        "from google.colab import drive\ndrive.mount('/content/drive')",
        "logging.getLogger('x').setLevel(logging.INFO)",
        "key = os.environ['OPENAI_API_KEY']\nother = os.getenv('X', '')\nword = getpass.getpass()",
    ],
)
def test_a_cell_that_imports_defines_or_sets_options_only_prepares(cell: str) -> None:
    assert not does_work(cell)


@pytest.mark.parametrize("cell", ["%durable run day\nx = load()", "%load_ext durnb\nx = load()", "if new:\n    %durable new\nx = load()"])
def test_a_cell_that_speaks_to_durnb_runs_every_time_whatever_else_it_does(cell: str) -> None:
    assert not does_work(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "df = load()",
        "import pandas as pd\ndf = pd.read_csv('a.csv')",
        "df",
        "5",
        "print('hello')",
        "x = y",
        "x = [y]",
        "x = {**y}",
        "x = {'a': load()}",
        "x += 1",
        "df['a'] = 1",
        "obj.value = 5",
        "options['a'] = 1",
        "path.append(1)",
        "config.update(a=1)",
        "generator.manual_seed(1)",
        "model.use(1)",
        "use(model)",
        "seed(field)",
        "import os\nos.system('make')",
        "import requests\nrequests.post('http://x')",
        "try:\n    import a\nexcept ImportError:\n    a = build()",
        "for i in range(3):\n    import a",
        "!python train.py",
        "lines = !ls",
        "%run train.py",
        "%time model = fit()",
        "%%time\nmodel = fit()",
        "%%capture out\nprint(1)",
        "%%bash\npip install x\nmake",
        "%%writefile -a log.txt\nx",
        "await fetch()",
        "del df",
        "x = f'{y}'",
        "this is no Python at all",
    ],
)
def test_every_other_cell_works(cell: str) -> None:
    assert does_work(cell)


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("conn = connect()", {"conn"}),
        ("import x\nURL = 'a'\nconn = x.connect(URL)\nconn.settings['a'] = 1", {"conn"}),
        ("x = 1", set()),
        ("conn = connect()\nwords, other = ['a'], {}\nlast = words[-1]", {"conn"}),
        ("conn = connect()\nwords = ['a', *other]\nlast = words[-1]", {"conn"}),
        ("conn = connect()\nrows = [f(x) for x in y]", {"conn", "rows"}),
        ("conn = connect()\nconn.login()", None),
        ("other.conn = connect()", None),
        ("a, b = pair()", None),
        ("for i in items: send(i)", None),
        ("%%bash\nmake", None),
        ("no Python !!", None),
    ],
)
def test_what_a_cell_makes_is_known_where_it_does_nothing_else(cell: str, names: set[str] | None) -> None:
    assert made_by(cell) == names
