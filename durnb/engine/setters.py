"""Words of notebooks by which a call or an assignment is known to set an option, and not to work."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


MODULES: Final = frozenset(
    _words("""
    alt altair cv2 ee hv jax keras logging matplotlib mlflow mpl nltk np numpy openai os pandas pd pio pl plotly plt pn polars px random scipy seaborn sk
    sklearn sns spacy sys tf torch transformers warnings
    """)
)
"""Names that modules go by: what is set on them is an option of a library."""

SETTERS: Final = frozenset(
    _words("""
    basicConfig captureWarnings disable_warnings filterwarnings init_notebook_mode initjs load_dotenv manual_seed manual_seed_all output_notebook
    register_matplotlib_converters resetwarnings reset_option seed seed_everything set_config set_context set_default_device set_default_dtype
    set_float32_matmul_precision set_log_level set_loglevel set_matplotlib_formats set_num_threads set_option set_options set_palette set_printoptions
    set_random_seed set_seed set_start_method set_style set_theme set_tracking_uri set_verbosity set_verbosity_error simplefilter switch_backend use
    use_deterministic_algorithms
    """)
)
"""Functions that set an option, where they are called on a module."""

BARE_SETTERS: Final = frozenset(
    _words("""
    captureWarnings disable_warnings filterwarnings init_notebook_mode initjs load_dotenv manual_seed output_notebook register_matplotlib_converters
    seed_everything set_matplotlib_formats set_random_seed set_seed simplefilter
    """)
)
"""Those that are known where they are called by their bare name."""

SETTING_CALLS: Final = _words("""
    alt.data_transformers.enable alt.renderers.enable alt.themes.enable drive.mount ee.Authenticate ee.Initialize environ.setdefault environ.update
    hv.extension jax.config.update logging.disable matplotlib.rc mpl.rc nest_asyncio.apply nltk.download notebook_login plt.rc pn.extension
    rcParams.update seaborn.set setLevel sns.set sys.path.append sys.path.insert tqdm.pandas wandb.login
    """)
"""How such a call ends, where its last word alone says too little."""
