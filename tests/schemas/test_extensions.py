"""Members of other distributions by name, and what is said of those that are none."""

from __future__ import annotations

import pytest
from tests.extensions import Install

from driftline_schemas.errors import ConfigError
from driftline_schemas.extensions import ENGINES, SOURCES, STORES, Registry

ALL = pytest.mark.parametrize("registry", [STORES, ENGINES, SOURCES], ids=lambda registry: registry.noun)


@ALL
def test_every_member_of_ours_can_be_loaded(registry: Registry) -> None:
    assert all(callable(registry.load(name)) for name in registry.built_in)


@ALL
def test_a_member_that_is_installed_is_found(registry: Registry, install: Install) -> None:
    install(registry.group, "def MEMBER():\n    return 'mine'\n")
    assert registry.names() == (*registry.built_in, "mine")
    assert registry.load("mine")() == "mine"


@ALL
def test_an_unknown_name_is_said_with_the_known_ones_and_what_to_do(registry: Registry) -> None:
    first = next(iter(registry.built_in))
    with pytest.raises(ConfigError) as raised:
        registry.load(first[:-1])
    said = str(raised.value)
    assert f"no {registry.noun} is called {first[:-1]}; did you mean {first}?" in said
    assert f"Known: {', '.join(registry.built_in)}" in said
    assert f"installed (an entry point of {registry.group})" in said


@ALL
def test_a_name_that_is_taken_is_refused_whatever_is_asked_for(registry: Registry, install: Install) -> None:
    first = next(iter(registry.built_in))
    install(registry.group, name=first)
    with pytest.raises(ConfigError, match=f"some_thing:MEMBER' of some-thing has the name '{first}', which"):
        registry.names()
    with pytest.raises(ConfigError, match="is taken"):
        registry.load(first)


def test_of_two_distributions_with_one_name_the_second_is_named(install: Install) -> None:
    install(ENGINES.group)
    install(ENGINES.group, of="other")
    with pytest.raises(ConfigError, match=r"of (some|other)-thing has the name 'mine', which is taken"):
        ENGINES.names()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import there_is_no_such_module\n", "cannot be loaded: No module named 'there_is_no_such_module'"),
        ("raise RuntimeError('broken')\n", "cannot be loaded: broken"),
        ("MEMBER = 7\n", "cannot be called"),
    ],
)
@ALL
def test_what_is_none_is_named_with_its_distribution(
    registry: Registry, install: Install, code: str, said: str
) -> None:
    install(registry.group, code)
    assert "mine" in registry.names()  # it harms nobody who does not ask for it
    with pytest.raises(ConfigError, match=f"the {registry.noun} 'some_thing:MEMBER' of some-thing") as raised:
        registry.load("mine")
    assert said in str(raised.value)
