"""The type checker of the tests' import hook: shapes by jaxtyping, everything else by beartype."""

from warnings import filterwarnings

from beartype import BeartypeConf, beartype
from beartype.roar import BeartypeDecorHintPep585DeprecationWarning

filterwarnings("ignore", category=BeartypeDecorHintPep585DeprecationWarning)  # OmegaConf's own

# As for mypy, an int is a float.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))
