"""Objects of popular libraries, as notebooks hold them: how each is made, what shows it, what reads it, what changes it. To add one, add a line.

``python docs/libraries.py`` takes every library that is installed on the trip, and writes what became of each to ``docs/libraries.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from contract.trip import Entry


@dataclass(frozen=True, slots=True)
class Library:
    """An object of a library: `package` is the distribution whose version is told, `what` the object in a few words."""

    package: str
    what: str
    needs: str
    cell: str
    shown: str
    reading: str = ""
    change: str = ""
    plain: str = ""

    @property
    def entry(self) -> Entry:
        return Entry(f"{self.package}: {self.what}", self.cell, self.shown, self.needs, self.reading, self.change, self.plain)


FRAME = "import pandas as pd\nd = pd.DataFrame({'k': ['a', 'b', 'a'], 'v': [1., 2., 4.], 'n': [1, 0, 1]})\n"
MATRIX = "import numpy as np\nX = np.arange(24.).reshape(12, 2) % 7\ny = (X[:, 0] > X[:, 1]).astype(int)\n"

# one line for each object
# fmt: off
LIBRARIES = [
    Library("numpy", "an array", "numpy", "import numpy as np\nx = np.arange(6.).reshape(2, 3)", "(x.tolist(), x.dtype)", "x.sum(), x.T, x[0]", "x[0, 0] = 9"),
    Library("numpy", "a generator", "numpy", "import numpy as np\nx = np.random.default_rng(3)", "x.bit_generator.state", "repr(x)", "x.random()"),
    Library("numpy", "a polynomial", "numpy", "import numpy as np\nx = np.polynomial.Polynomial([1, 2])", "(x(2), x.coef.tolist())", "x(1)", "x.coef[0] = 7"),
    Library("pandas", "a frame", "pandas", FRAME + "x = d", "(x.to_dict(), x.dtypes.tolist())", "x.describe(); x.v.mean(); x.groupby('k').v.sum(); x.T; repr(x)", "x.loc[0, 'v'] = 9"),
    Library("pandas", "a series of times", "pandas", "import pandas as pd\nx = pd.Series(pd.date_range('2026', periods=3, tz='UTC'), name='t')", "x.tolist()", "x.dt.year; x.sort_values()", "x.iloc[0] = pd.NaT"),
    Library("pandas", "categories", "pandas", "import pandas as pd\nx = pd.Categorical(['a', 'b', 'a'], ordered=True)", "(x.tolist(), x.categories.tolist(), x.ordered)", "x.codes; x.describe()", "x[0] = 'b'"),
    Library("pandas", "an index", "pandas", "import pandas as pd\nx = pd.MultiIndex.from_product([['a', 'b'], [1, 2]], names=['l', 'n'])", "(x.tolist(), list(x.names))", "x.get_level_values(0); ('a', 1) in x; x.is_unique", "x.names = ['m', 'n']"),
    Library("pandas", "a rolling window", "pandas", FRAME + "x = d.v.rolling(2)", "x.sum().tolist()", "x.mean()"),
    Library("polars", "a frame", "polars", "import polars as pl\nx = pl.DataFrame({'a': [1, None], 's': ['x', 'y']})", "x.to_dict(as_series=False)", "x.describe(); x['a'].sum(); repr(x)", "x[0, 'a'] = 5"),
    Library("polars", "a lazy frame", "polars", "import polars as pl\nx = pl.LazyFrame({'a': [1, 2]}).filter(pl.col('a') > 1)", "x.collect().to_dict(as_series=False)", "x.collect(); x.explain()"),
    Library("polars", "an expression", "polars", "import polars as pl\nx = (pl.col('a') * 2).alias('b')", "str(x)", "repr(x)"),
    Library("pyarrow", "a table", "pyarrow", "import pyarrow as pa\nx = pa.table({'a': [1, None], 's': ['x', 'y']})", "(x.to_pydict(), str(x.schema))", "x.column('a'); x.num_rows; x.to_pandas() if False else None"),
    Library("pyarrow", "a schema", "pyarrow", "import pyarrow as pa\nx = pa.schema([('a', pa.int64())], metadata={'k': 'v'})", "(str(x), x.metadata)", "x.field('a')"),
    Library("scipy", "a sparse array", "scipy", "import scipy.sparse as s\nx = s.csr_array([[0, 1], [2, 0]])", "x.toarray().tolist()", "x.sum(); x.T; x.has_sorted_indices; x.nnz", "x[0, 1] = 5"),
    Library("scipy", "a frozen distribution", "scipy", "import scipy.stats as s\nx = s.norm(1, 2)", "(x.mean(), x.cdf(1))", "x.pdf(0)"),
    Library("scipy", "a spline", "scipy", "import scipy.interpolate as i\nx = i.CubicSpline([0, 1, 2], [0, 1, 4])", "float(x(1.5))", "x(1.)", "x.c[0, 0] = 9"),
    Library("scipy", "a k-d tree", "scipy", "import scipy.spatial as s\nx = s.cKDTree([[0., 0.], [1., 1.]])", "x.query([0., .1])[1]", "x.query([1., 1.])"),
    Library("scipy", "an optimum", "scipy", "import scipy.optimize as o\nx = o.minimize(lambda v: (v[0] - 1) ** 2, [0.])", "(round(float(x.x[0]), 4), bool(x.success))", "x.fun", "x['message'] = 'mine'"),
    Library("scikit-learn", "a fitted pipeline", "sklearn", MATRIX + "from sklearn.pipeline import make_pipeline as p\nfrom sklearn.preprocessing import StandardScaler as S\nfrom sklearn.linear_model import LogisticRegression as L\nx = p(S(), L()).fit(X, y)", "x.predict(X).tolist()", "x.predict_proba(X); x.score(X, y); repr(x)", "x.set_params(logisticregression__C=5.)"),
    Library("scikit-learn", "a forest", "sklearn", MATRIX + "from sklearn.ensemble import RandomForestClassifier as R\nx = R(5, random_state=0).fit(X, y)", "x.predict_proba(X).tolist()", "x.predict(X); x.feature_importances_", "x.fit(X, 1 - y)"),
    Library("scikit-learn", "a boosted model", "sklearn", MATRIX + "from sklearn.ensemble import HistGradientBoostingClassifier as R\nx = R(max_iter=3, random_state=0).fit(X, y)", "x.predict_proba(X).tolist()", "x.predict(X)", "x.fit(X, 1 - y)"),
    Library("scikit-learn", "a grid search", "sklearn", MATRIX + "from sklearn.model_selection import GridSearchCV as G\nfrom sklearn.tree import DecisionTreeClassifier as D\nx = G(D(random_state=0), {'max_depth': [1, 2]}, cv=2).fit(X, y)", "(x.best_params_, x.predict(X).tolist())", "x.cv_results_; x.best_estimator_", "x.best_params_['max_depth'] = 7"),
    Library("scikit-learn", "a vectorizer", "sklearn", "from sklearn.feature_extraction.text import TfidfVectorizer as V\nx = V().fit(['a dog', 'the cat'])", "x.transform(['dog cat']).toarray().tolist()", "x.get_feature_names_out()", "x.vocabulary_['new'] = 9"),
    Library("scikit-learn", "clusters", "sklearn", MATRIX + "from sklearn.cluster import KMeans\nx = KMeans(2, n_init=1, random_state=0).fit(X)", "x.labels_.tolist()", "x.predict(X)", "x.cluster_centers_[0, 0] = 5"),
    Library("imbalanced-learn", "an over-sampler", "imblearn", MATRIX + "from imblearn.over_sampling import RandomOverSampler as R\nx = R(random_state=0); x.fit_resample(X, y)", "x.fit_resample(X, y)[1].tolist()", "repr(x)", "x.set_params(random_state=1)"),
    Library("statsmodels", "a fitted regression", "statsmodels", MATRIX + "import statsmodels.api as sm\nx = sm.OLS(X[:, 0], sm.add_constant(X[:, 1])).fit()", "(x.params.round(6).tolist(), round(float(x.rsquared), 6))", "x.summary(); x.rsquared; x.pvalues; x.resid", "x.params[0] = 5"),
    Library("statsmodels", "a formula", "statsmodels", FRAME + "import statsmodels.formula.api as f\nx = f.ols('v ~ n', d).fit()", "x.params.round(6).to_dict()", "x.summary(); x.fittedvalues"),
    Library("statsmodels", "a time series model", "statsmodels", MATRIX + "from statsmodels.tsa.arima.model import ARIMA\nx = ARIMA(X[:, 0], order=(1, 0, 0)).fit()", "x.forecast(1).round(3).tolist()", "x.summary(); x.aic"),
    Library("xgboost", "a classifier", "xgboost", MATRIX + "import xgboost\nx = xgboost.XGBClassifier(n_estimators=3).fit(X, y)", "x.predict_proba(X).round(5).tolist()", "x.predict(X); x.feature_importances_", "x.set_params(n_estimators=7)"),
    Library("xgboost", "a booster", "xgboost", MATRIX + "import xgboost\nx = xgboost.train({'max_depth': 2}, xgboost.DMatrix(X, y), 3)", "x.predict(xgboost.DMatrix(X)).round(5).tolist()", "x.num_features()", "x.set_attr(k='v')"),
    Library("lightgbm", "a classifier", "lightgbm", MATRIX + "import lightgbm\nx = lightgbm.LGBMClassifier(n_estimators=3, min_child_samples=2, verbose=-1).fit(X, y)", "x.predict_proba(X).round(5).tolist()", "x.predict(X); x.feature_importances_", "x.set_params(n_estimators=7)"),
    Library("catboost", "a classifier", "catboost", MATRIX + "import catboost\nx = catboost.CatBoostClassifier(iterations=3, verbose=0, allow_writing_files=False).fit(X, y)", "x.predict_proba(X).round(5).tolist()", "x.predict(X); x.get_feature_importance()"),
    Library("torch", "a tensor", "torch", "import torch\nx = torch.arange(6.).reshape(2, 3)", "(x.tolist(), x.dtype)", "x.sum(); x.T; x.numpy()", "x[0, 0] = 9"),
    Library("torch", "a tensor and its view", "torch", "import torch\nt = torch.arange(6.)\nx = {'all': t, 'part': t[2:4]}", "(x['part'].tolist(), x['all'].data_ptr() == x['part'].data_ptr() - 8, x['all'].untyped_storage().data_ptr() == x['part'].untyped_storage().data_ptr())", "x['part'].sum()", "x['all'][2] = 7"),
    Library("torch", "a module and its optimizer", "torch", "import torch\ntorch.manual_seed(0)\nm = torch.nn.Linear(2, 1)\no = torch.optim.Adam(m.parameters())\nm(torch.ones(2)).backward(); o.step()\nx = {'m': m, 'o': o}", "(x['m'].weight.tolist(), x['o'].param_groups[0]['params'][0] is x['m'].weight, x['m'].weight.grad.tolist())", "x['m'](torch.ones(2)); x['m'].state_dict()", "x['m'].weight.data.add_(1)"),
    Library("networkx", "a graph", "networkx", "import networkx as nx\nx = nx.Graph([(1, 2, {'w': 3})]); x.add_node('z', c=1)", "(sorted(map(str, x.nodes(data=True))), list(x.edges(data=True)))", "x.adj; x.nodes; x.edges; x.degree; nx.pagerank(x)", "x.add_edge(2, 3)"),
    Library("sympy", "an expression", "sympy", "import sympy\na, b = sympy.symbols('a b', positive=True)\nx = sympy.sin(a) ** 2 + b / 3", "(str(x), str(x.diff(a)))", "x.diff(a); x.free_symbols; hash(x); sympy.simplify(x); x.evalf(); x.is_positive"),
    Library("sympy", "a matrix", "sympy", "import sympy\nx = sympy.Matrix([[1, sympy.pi], [0, 2]])", "(str(x), str(x.det()))", "x.det(); x.eigenvals()", "x[0, 0] = 5"),
    Library("pillow", "an image", "PIL", "from PIL import Image\nx = Image.new('RGB', (2, 2), 'red'); x.putpixel((0, 0), (1, 2, 3))", "(x.size, x.mode, x.tobytes())", "x.getpixel((0, 0)); x.resize((1, 1)); x.histogram()", "x.putpixel((1, 1), (9, 9, 9))"),
    Library("pillow", "what draws on an image", "PIL", "from PIL import Image, ImageDraw\nim = Image.new('RGB', (9, 9))\nx = ImageDraw.Draw(im)", "(x.point((3, 4), fill=(1, 2, 3)), im.getpixel((3, 4)))", "", "x.point((5, 5), fill=(1, 2, 3))"),
    Library("matplotlib", "a figure", "matplotlib", "import matplotlib.pyplot as plt\nx, ax = plt.subplots(); ax.plot([1, 2], label='l'); ax.set_title('t')", "(x.axes[0] is ax, ax.get_title(), ax.lines[0].get_ydata().tolist())", "ax.get_xlim(); ax.get_legend_handles_labels()", "ax.set_title('u')"),
    Library("matplotlib", "a color map", "matplotlib", "import matplotlib\nx = matplotlib.colormaps['viridis']", "(x.name, x(0.5))", "x(0.1)"),
    Library("seaborn", "a grid of plots", "seaborn", FRAME + "import seaborn\nx = seaborn.FacetGrid(d, col='k')", "(x.col_names, len(x.axes.flat))", "x.axes"),
    Library("plotly", "a figure", "plotly", "import plotly.graph_objects as go\nx = go.Figure(go.Scatter(y=[1, 2])); x.update_layout(title='t')", "(x.to_plotly_json()['data'][0]['y'], x.layout.title.text)", "x.data; x.layout; x.to_json()", "x.update_layout(title='u')"),
    Library("altair", "a chart", "altair", FRAME + "import altair\nx = altair.Chart(d).mark_point().encode(x='v', y='n')", "x.to_dict()['encoding']", "x.to_dict(); x.to_json()", "x.title = 'u'"),
    Library("bokeh", "a figure", "bokeh", "from bokeh.plotting import figure\nx = figure(title='t'); x.scatter([1, 2], [3, 4])", "(x.title.text, len(x.renderers))", "x.renderers", "x.title.text = 'u'"),
    Library("folium", "a map", "folium", "import folium\nx = folium.Map([1, 2], zoom_start=3); folium.Marker([1, 2]).add_to(x)", "(x.location, len(x._children))", "x._children", "folium.Marker([3, 4]).add_to(x)"),
    Library("requests", "a session", "requests", "import requests\nx = requests.Session(); x.headers['X-Mine'] = 'v'", "(x.headers['X-Mine'], sorted(x.adapters))", "x.headers; x.get_adapter('http://a')", "x.headers['X-Mine'] = 'w'"),
    Library("requests", "a session with a token", "requests", "import requests\nx = requests.Session(); x.headers['Authorization'] = 'Bearer hush'", "x.headers['Authorization']"),
    Library("httpx", "a client", "httpx", "import httpx\nx = httpx.Client(base_url='http://localhost', headers={'x-mine': 'v'}, timeout=3)", "(str(x.base_url), x.headers['x-mine'], x.timeout.read)", "x.headers"),
    Library("httpx", "a client with a password", "httpx", "import httpx\nx = httpx.Client(auth=('me', 'hush'))", "x.auth is not None"),
    Library("httpx", "an asynchronous client", "httpx", "import httpx\nx = httpx.AsyncClient(follow_redirects=True)", "(x.follow_redirects, type(x).__name__)", "x.headers"),
    Library("httpx", "a response", "httpx", "import httpx\nx = httpx.Response(200, json={'a': 1})", "(x.status_code, x.json())", "x.text; x.json()"),
    Library("beautifulsoup4", "a parsed page", "bs4", "import bs4\nx = bs4.BeautifulSoup('<p class=\"a\">b</p>', 'html.parser')", "(str(x), x.p['class'])", "x.find('p'); x.get_text()", "x.p['class'] = 'z'"),
    Library("lxml", "a tree", "lxml", "from lxml import etree\nx = etree.fromstring('<a><b c=\"1\"/></a>')", "etree.tostring(x)", "x.find('b')", "x.set('k', 'v')"),
    Library("lxml", "an element and its root", "lxml", "from lxml import etree\nr = etree.fromstring('<a><b/><b c=\"1\"/></a>')\nx = [r[1], r]", "(etree.tostring(x[0]), x[0].getparent() is x[1])", "x[0].tag", "x[0].set('k', 'v')"),
    Library("pydantic", "a model", "pydantic", "import pydantic\nclass M(pydantic.BaseModel):\n  a: int\n  b: list[str] = []\nx = M(a='3')", "(x, type(x) is M, x.model_dump())", "x.model_dump(); x.model_copy(); x.model_json_schema()", "x.b.append('z')"),
    Library("pydantic", "a secret of the environment", "pydantic", "import pydantic\nx = pydantic.SecretStr('hush')", "str(x)"),
    Library("attrs", "an instance", "attrs", "import attrs\n@attrs.define\nclass A:\n  a: int = 1\n  b: list = attrs.field(factory=list)\nx = A(2)", "(x, type(x) is A, attrs.asdict(x))", "attrs.asdict(x)", "x.b.append(1)"),
    Library("msgspec", "a struct", "msgspec", "x = S(1)", "(x.a, x.b, type(x) is S)", "msgspec.json.encode(x)", "x.b.append(1)", "import msgspec\nclass S(msgspec.Struct):\n  a: int\n  b: list = []"),
    Library("msgspec", "a struct of a class that the step defines", "msgspec", "import msgspec\nclass S(msgspec.Struct):\n  a: int\nx = S(1)", "x.a"),
    Library("marshmallow", "a schema", "marshmallow", "import marshmallow as m\nclass S(m.Schema):\n  a = m.fields.Int()\nx = S()", "x.load({'a': '3'})", "x.load({'a': 1}); x.dump({'a': 1})"),
    Library("sqlalchemy", "an engine of a database in memory", "sqlalchemy", "import sqlalchemy as s\nx = s.create_engine('sqlite://')", "str(x.url)"),
    Library("sqlalchemy", "an engine of a file", "sqlalchemy", "import sqlalchemy as s\nx = s.create_engine('sqlite:///lib.db')", "str(x.url)"),
    Library("sqlalchemy", "a table", "sqlalchemy", "import sqlalchemy as s\nx = s.Table('t', s.MetaData(), s.Column('a', s.Integer, primary_key=True))", "(x.name, [c.name for c in x.c])", "str(s.select(x))"),
    Library("sqlalchemy", "a mapped object", "sqlalchemy", "x = T(a=1)", "(x.a, type(x) is T)", "x.a", "x.a = 2", "import sqlalchemy as s, sqlalchemy.orm as o\nclass B(o.DeclarativeBase): pass\nclass T(B):\n  __tablename__ = 't'\n  a = o.mapped_column(s.Integer, primary_key=True)"),
    Library("sqlalchemy", "a query", "sqlalchemy", "import sqlalchemy as s\nt = s.table('t', s.column('a'))\nx = s.select(t).where(t.c.a == 3)", "(str(x), x.compile().params)", "str(x)"),
    Library("duckdb", "a connection to a file", "duckdb", "import duckdb\nx = duckdb.connect('lib.duckdb'); x.execute('create or replace table t as select 1 a').fetchall(); x.execute('checkpoint').fetchall()", "x.cursor().execute('select * from t').fetchall()"),
    Library("duckdb", "a relation", "duckdb", "import duckdb\nx = duckdb.sql('select 1 a')", "x.fetchall()"),
    Library("h5py", "a file being read", "h5py", "import h5py, numpy as np\nwith h5py.File('lib.h5', 'w') as f: f['a'] = np.arange(3)\nx = h5py.File('lib.h5', 'r')", "x['a'][:].tolist()"),
    Library("zarr", "an array in memory", "zarr", "import zarr, numpy as np\nx = zarr.create_array({}, data=np.arange(4))", "x[:].tolist()", "x.shape; x.info"),
    Library("xarray", "a dataset", "xarray", "import xarray as xr, numpy as np\nx = xr.Dataset({'v': ('t', np.arange(3.))}, coords={'t': [1, 2, 3]}, attrs={'k': 1})", "(x.v.values.tolist(), x.t.values.tolist(), x.attrs)", "x.mean(); x.sel(t=2); x.v; repr(x)", "x.v[0] = 9"),
    Library("dask", "a lazy array", "dask", "import dask.array as da, numpy as np\nx = da.from_array(np.arange(10), chunks=5) + 1", "x.sum(0).compute().tolist()", "x.shape; x.compute()"),
    Library("dask", "a delayed call", "dask", "import dask\ndef f(a): return a + 1\nx = dask.delayed(f)(2)", "x.compute(scheduler='sync')", "x.key"),
    Library("numba", "a compiled function", "numba", "import numba\n@numba.njit\ndef x(a): return a + 1\nx(1)", "x(2)", "x(3); x(2.5)"),
    Library("jax", "an array", "jax", "import jax.numpy as jnp\nx = jnp.arange(3.)", "(x.tolist(), str(x.dtype))", "x.sum(); x[0]"),
    Library("jax", "a compiled function", "jax", "import jax\n@jax.jit\ndef x(a): return a + 1", "float(x(1.))", "x(2.)"),
    Library("spacy", "a blank pipeline", "spacy", "import spacy\nx = spacy.blank('en')", "[t.text for t in x('a dog')]", "x('a cat')"),
    Library("spacy", "a parsed text", "spacy", "import spacy\nx = spacy.blank('en')('A dog.')", "[t.text for t in x]", "x[0]; len(x)"),
    Library("spacy", "a span and a token", "spacy", "import spacy\ndoc = spacy.blank('en')('Hello big world')\nx = [doc[1:3], doc[0]]", "(x[0].text, x[0].doc is doc, x[1].text)", "x[0].root, len(x[0])"),
    Library("nltk", "a frequency table", "nltk", "import nltk\nx = nltk.FreqDist('banana')", "sorted(x.items())", "x.most_common(1); x.max()", "x['b'] += 1"),
    Library("nltk", "a tree", "nltk", "import nltk\nx = nltk.Tree.fromstring('(S (N a) (V b))')", "str(x)", "x.leaves()", "x[0] = 'z'"),
    Library("gensim", "a dictionary of words", "gensim", "import gensim.corpora as c\nx = c.Dictionary([['a', 'b'], ['b']])", "(sorted(x.token2id.items()), x.doc2bow(['b', 'a']))", "x.doc2bow(['a'])", "x.add_documents([['new']])"),
    Library("gensim", "word vectors", "gensim", "import gensim.models as m\nx = m.Word2Vec([['a', 'b'], ['b', 'c']], vector_size=3, min_count=1, workers=1, seed=1)", "x.wv['a'].round(5).tolist()", "x.wv.most_similar('a')"),
    Library("tokenizers", "a tokenizer", "tokenizers", "import tokenizers as t\nx = t.Tokenizer(t.models.WordLevel({'a': 0, 'b': 1}, unk_token='a')); x.pre_tokenizer = t.pre_tokenizers.Whitespace()", "x.encode('a b').ids", "x.encode('b'); x.get_vocab_size()", "x.add_tokens(['new'])"),
    Library("transformers", "a configuration", "transformers", "import transformers\nx = transformers.BertConfig(hidden_size=12, num_attention_heads=2)", "x.hidden_size", "x.to_dict()", "x.hidden_size = 24"),
    Library("openai", "a client with the key of the environment", "openai", "import openai\nx = openai.OpenAI(max_retries=5, base_url='http://localhost/v1')", "(x.max_retries, str(x.base_url), x.api_key is not None)", "x.chat; x.models"),
    Library("openai", "a client with a key of its own", "openai", "import openai\nx = openai.OpenAI(api_key='of my own')", "x.api_key"),
    Library("anthropic", "a client with the key of the environment", "anthropic", "import anthropic\nx = anthropic.Anthropic(max_retries=5)", "(x.max_retries, x.api_key is not None)", "x.messages"),
    Library("langchain-core", "a prompt", "langchain_core", "from langchain_core.prompts import ChatPromptTemplate as P\nx = P.from_messages([('system', 'be {how}'), ('user', '{q}')])", "x.format(how='kind', q='a?')", "x.input_variables", "x.messages.pop()"),
    Library("langchain-core", "a message", "langchain_core", "from langchain_core.messages import AIMessage\nx = AIMessage('hi', id='1')", "x.content", "x.pretty_repr()", "x.content = 'ho'"),
    Library("geopandas", "a frame of shapes", "geopandas", "import geopandas, shapely\nx = geopandas.GeoDataFrame({'v': [1]}, geometry=[shapely.Point(1, 2)], crs=4326)", "(x.v.tolist(), x.geometry[0].wkt, x.crs.to_epsg())", "x.area; x.bounds; x.crs; x.sindex", "x.loc[0, 'v'] = 9"),
    Library("shapely", "a polygon", "shapely", "import shapely\nx = shapely.Polygon([(0, 0), (1, 0), (1, 1)])", "(x.wkt, x.area)", "x.area; x.bounds; x.buffer(1); shapely.prepare(x)"),
    Library("pyproj", "a reference system", "pyproj", "import pyproj\nx = pyproj.CRS(4326)", "(x.to_epsg(), x.name)", "x.axis_info; x.datum"),
    Library("pyproj", "a transformer", "pyproj", "import pyproj\nx = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)", "[round(v, 3) for v in x.transform(1, 2)]", "x.transform(3, 4)"),
    Library("rasterio", "a transform and a profile", "rasterio", "import rasterio, rasterio.transform\nx = {'transform': rasterio.transform.from_origin(0, 1, .5, .5), 'crs': rasterio.CRS.from_epsg(4326)}", "(tuple(x['transform']), x['crs'].to_epsg())", "x['transform'] * (1, 1)"),
    Library("astropy", "a table with units", "astropy", "import astropy.table as t, astropy.units as u\nx = t.QTable({'a': [1, 2] * u.m, 's': ['x', 'y']})", "(x['a'].to_value('km').tolist(), x['s'].tolist())", "x['a'].mean(); repr(x); x['a'].unit", "x['s'][0] = 'z'"),
    Library("astropy", "a coordinate", "astropy", "import astropy.coordinates as c, astropy.units as u\nx = c.SkyCoord(1 * u.deg, 2 * u.deg)", "(x.ra.deg, x.dec.deg)", "x.galactic; x.ra"),
    Library("biopython", "a sequence record", "Bio", "from Bio.Seq import Seq\nfrom Bio.SeqRecord import SeqRecord\nx = SeqRecord(Seq('ACGT'), id='a')", "(str(x.seq), x.id, str(x.seq.reverse_complement()))", "x.seq.count('A')", "x.id = 'b'"),
    Library("rdkit", "a molecule", "rdkit", "from rdkit import Chem\nx = Chem.MolFromSmiles('CCO')", "(Chem.MolToSmiles(x), x.GetNumAtoms())", "x.GetNumAtoms(); Chem.MolToSmiles(x)", "x.SetProp('k', 'v')"),
    Library("pymc", "a model", "pymc", "import pymc\nwith pymc.Model() as x:\n  a = pymc.Normal('a', 0, 1)", "[v.name for v in x.free_RVs]", "x.basic_RVs"),
    Library("arviz", "samples", "arviz", "import arviz, numpy as np\nx = arviz.from_dict(posterior={'a': np.arange(8.).reshape(2, 4)})", "x.posterior['a'].values.tolist()", "repr(x)"),
    Library("simpy", "a simulation part way", "simpy", "import simpy\ndef car(env):\n  while True: yield env.timeout(2)\nx = simpy.Environment(); x.process(car(x)); x.run(5)", "x.now"),
    Library("simpy", "a simulation that has not begun", "simpy", "import simpy\nx = simpy.Environment(3)\nr = simpy.Resource(x, 2)", "(x.now, r.capacity)", "x.peek()"),
    Library("ortools", "a model", "ortools", "from ortools.sat.python import cp_model\nx = cp_model.CpModel(); a = x.new_int_var(0, 5, 'a'); x.add(a > 2); x.minimize(a)", "str(x)", "x.validate()", "x.add(a > 3)"),
    Library("cvxpy", "a problem", "cvxpy", "import cvxpy\na = cvxpy.Variable(name='a')\nx = cvxpy.Problem(cvxpy.Minimize((a - 1) ** 2), [a >= 2])", "round(float(x.solve()), 4)", "x.parameters(); x.is_dcp()"),
    Library("pulp", "a problem", "pulp", "import pulp\na = pulp.LpVariable('a', 0, 5)\nx = pulp.LpProblem('p'); x += a; x += a >= 2", "(x.name, [v.name for v in x.variables()], [str(c) for c in x.constraints.values()])", "x.variables()", "x += a <= 4"),
    Library("optuna", "a study in memory", "optuna", "import optuna\noptuna.logging.set_verbosity(50)\nx = optuna.create_study(sampler=optuna.samplers.RandomSampler(1)); x.optimize(lambda t: t.suggest_float('a', 0, 1), 3)", "(len(x.trials), round(x.best_value, 6))", "x.best_params; x.trials", "x.optimize(lambda t: t.suggest_float('a', 0, 1), 1)"),
    Library("tqdm", "a progress bar", "tqdm", "import tqdm, io\nx = tqdm.tqdm(total=3, file=io.StringIO())", "x.total if x else None"),
    Library("rich", "a console and a table", "rich", "import rich.table\nx = rich.table.Table('a'); x.add_row('1')", "(x.row_count, x.columns[0].header)", "x.rows", "x.add_row('2')"),
    Library("rich", "a console", "rich", "import rich.console, io\nx = rich.console.Console(file=io.StringIO(), width=40)", "x.width", "x.size", "x.print('a')"),
    Library("click", "a command", "click", "import click\n@click.command()\n@click.option('--a', default=1)\ndef x(a): return a", "(x.name, [p.name for p in x.params])", "x.get_help(click.Context(x))"),
    Library("jinja2", "a template", "jinja2", "import jinja2\nx = jinja2.Template('hi {{ a }}')", "x.render(a=1)", "x.render(a=2)"),
    Library("jinja2", "an environment", "jinja2", "import jinja2\nx = jinja2.Environment(loader=jinja2.DictLoader({'t': 'a{{ b }}'}))", "x.get_template('t').render(b=1)"),
    Library("pyyaml", "loaded data", "yaml", "import yaml\nx = yaml.safe_load('a: [1, {b: 2026-01-02}]')", "x", "yaml.safe_dump(x)", "x['a'].append(1)"),
    Library("tomlkit", "a document", "tomlkit", "import tomlkit\nx = tomlkit.parse('a = 1 # here\\n[b]\\nc = [1]')", "tomlkit.dumps(x)", "x['a']; x.unwrap()", "x['a'] = 2"),
    Library("orjson", "a fragment", "orjson", "import orjson\nx = orjson.Fragment(b'{}')", "orjson.dumps([x])"),
    Library("regex", "a pattern", "regex", "import regex\nx = regex.compile(r'\\p{L}+', regex.I)", "(x.pattern, x.findall('ab 1'))", "x.search('a')"),
    Library("python-dateutil", "a rule", "dateutil", "import dateutil.rrule as r, datetime as d\nx = r.rrule(r.DAILY, count=2, dtstart=d.datetime(2026, 1, 1))", "list(x)", "x[0]"),
    Library("python-dateutil", "a zone and a delta", "dateutil", "import dateutil.tz, dateutil.relativedelta as r\nx = [dateutil.tz.gettz('Europe/Amsterdam'), r.relativedelta(months=1)]", "(str(x[0]), x[1])", "repr(x)"),
    Library("pytz", "a zone", "pytz", "import pytz, datetime as d\nx = pytz.timezone('Europe/Amsterdam')", "(x is pytz.timezone('Europe/Amsterdam'), x.localize(d.datetime(2026, 7, 1)).isoformat())", "x.zone"),
    Library("pendulum", "a time", "pendulum", "import pendulum\nx = pendulum.datetime(2026, 1, 2, tz='Europe/Amsterdam')", "(x.isoformat(), x.timezone_name)", "x.add(days=1); x.diff_for_humans()"),
    Library("arrow", "a time", "arrow", "import arrow\nx = arrow.Arrow(2026, 1, 2, tzinfo='Europe/Amsterdam')", "x.isoformat()", "x.shift(days=1); x.humanize()"),
    Library("faker", "a generator of names", "faker", "import faker\nx = faker.Faker(); x.seed_instance(3)", "str(x.random.getstate())[:60]", "x.locales", "x.name()"),
    Library("joblib", "a memory of calls", "joblib", "import joblib\nx = joblib.Memory('lib-cache', verbose=0)", "x.location", "repr(x)"),
    Library("cloudpickle", "a pickled function", "cloudpickle", "import cloudpickle\nx = cloudpickle.loads(cloudpickle.dumps(lambda a: a + 1))", "x(1)", "x(2)"),
    Library("dill", "a pickled function", "dill", "import dill\nx = dill.loads(dill.dumps(lambda a: a + 1))", "x(1)", "x(2)"),
    Library("psutil", "a process", "psutil", "import psutil\nx = psutil.Process()", "type(x).__name__"),
    Library("psutil", "what memory there is", "psutil", "import psutil\nx = psutil.virtual_memory()", "x.total", "x.percent"),
    Library("boto3", "a client", "boto3", "import boto3\nx = boto3.client('s3', region_name='eu-west-1', aws_access_key_id='a', aws_secret_access_key='hush')", "x.meta.region_name"),
    Library("paramiko", "a client", "paramiko", "import paramiko\nx = paramiko.SSHClient()", "type(x).__name__"),
    Library("redis", "a client", "redis", "import redis\nx = redis.Redis()", "x.get_connection_kwargs()['host']"),
    Library("sortedcontainers", "a sorted dict", "sortedcontainers", "from sortedcontainers import SortedDict\nx = SortedDict(b=1, a=2)", "list(x.items())", "x.peekitem(0)", "x['c'] = 3"),
    Library("more-itertools", "a peekable iterator", "more_itertools", "import more_itertools\nx = more_itertools.peekable([1, 2, 3]); next(x)", "x.peek()", "", "next(x)"),
    Library("cachetools", "a cache", "cachetools", "import cachetools\nx = cachetools.LRUCache(2); x['a'] = 1", "dict(x)", "len(x); 'a' in x", "x['b'] = 2"),
    Library("tenacity", "a retrying function", "tenacity", "import tenacity\n@tenacity.retry(stop=tenacity.stop_after_attempt(2))\ndef x(a): return a", "(x.__name__, x.retry.stop.max_attempt_number)", "x.retry"),
    Library("aiohttp", "a URL and headers", "aiohttp", "import yarl, multidict\nx = [yarl.URL('http://a/b?c=1'), multidict.CIMultiDict(A='b')]", "(str(x[0]), x[1]['a'])", "x[0].query; x[1]['a']", "x[1]['c'] = 'd'"),
    Library("fastapi", "an application", "fastapi", "import fastapi\nx = fastapi.FastAPI()\n@x.get('/a')\ndef f(q: int = 1): return q", "[r.path for r in x.routes]", "x.routes"),
    Library("flask", "an application", "flask", "import flask\nx = flask.Flask('lib')\n@x.get('/a')\ndef f(): return 'a'", "x.test_client().get('/a').text"),
    Library("openpyxl", "a workbook", "openpyxl", "import openpyxl\nx = openpyxl.Workbook(); x.active['A1'] = 5", "x.active['A1'].value", "x.sheetnames", "x.active['A1'] = 6"),
    Library("ipywidgets", "a slider", "ipywidgets", "import ipywidgets\nx = ipywidgets.IntSlider(3)", "x.value"),
    Library("h3", "a cell", "h3", "import h3\nx = h3.LatLngPoly([(1, 1), (1, 2), (2, 2)])", "str(x)", "repr(x)"),
    Library("trimesh", "a mesh", "trimesh", "import trimesh\nx = trimesh.creation.box()", "(round(x.volume, 6), x.is_watertight)", "x.volume; x.bounds; x.face_normals", "x.apply_scale(2)"),
    Library("shap", "an explanation", "shap", MATRIX + "import shap\nx = shap.Explanation(X, data=X)", "x.values.shape", "x.shape"),
    Library("umap-learn", "a reducer", "umap", "import umap\nx = umap.UMAP(n_neighbors=3)", "x.n_neighbors", "repr(x)", "x.n_neighbors = 4"),
    Library("prophet", "a model", "prophet", "import prophet\nx = prophet.Prophet(yearly_seasonality=True)", "x.yearly_seasonality", "repr(x)", "x.growth = 'flat'"),
    Library("ibis-framework", "a query", "ibis", "import ibis\nt = ibis.table({'a': 'int64'}, name='t')\nx = t.filter(t.a > 1)", "str(ibis.to_sql(x, dialect='duckdb'))", "x.schema()"),
    Library("great-tables", "a table", "great_tables", FRAME + "import great_tables\nx = great_tables.GT(d).tab_header('t')", "'<table' in x.as_raw_html()", "x.as_raw_html()"),
    Library("nbformat", "a notebook", "nbformat", "import nbformat.v4 as v\nx = v.new_notebook(cells=[v.new_code_cell('a', id='i')])", "x.cells[0].source", "x.cells", "x.cells[0].source = 'b'"),
    Library("hmmlearn", "a model", "hmmlearn", "import hmmlearn.hmm as h\nx = h.GaussianHMM(2, random_state=0)", "x.n_components", "repr(x)", "x.n_components = 3"),
    Library("traitlets", "an object with traits", "traitlets", "import traitlets\nclass T(traitlets.HasTraits):\n  a = traitlets.Int(1)\n  b = traitlets.List()\nx = T(a=3)", "(x.a, x.b, type(x) is T)", "x.a; x.b; x.trait_names()", "x.a = 4"),
    Library("hypothesis", "a strategy", "hypothesis", "import hypothesis.strategies as st\nx = st.lists(st.integers(0, 3))", "repr(x)", "repr(x)"),
    Library("pytest", "an expectation", "pytest", "import pytest\nx = pytest.approx(1.0)", "x == 1.0000001", "repr(x)"),
    Library("packaging", "a version", "packaging", "import packaging.version\nx = packaging.version.Version('1.2rc1')", "(str(x), x.pre)", "x.major; x < packaging.version.Version('2'); hash(x)"),
    Library("jsonschema", "a validator", "jsonschema", "import jsonschema\nx = jsonschema.Draft202012Validator({'type': 'object'})", "x.is_valid({})", "x.is_valid(1)"),
]
# fmt: on
