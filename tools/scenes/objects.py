"""The kinds of objects of the pre-training scenes; the demo's object and all birds are left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tools.scenes import objects_household as household
from tools.scenes import objects_nature as nature
from tools.scenes import objects_toys as toys
from tools.scenes import objects_vehicles as vehicles
from tools.scenes.render import Solid

BUILDERS: tuple[Callable[[np.random.Generator], list[Solid]], ...] = (
    household.mug,
    household.bottle,
    household.lamp,
    household.table,
    household.chair,
    household.book,
    household.gift_box,
    household.umbrella,
    household.teapot,
    household.candle,
    household.spoon,
    household.hammer,
    household.key,
    household.glasses,
    household.hat,
    household.shoe,
    household.wineglass,
    nature.apple,
    nature.banana,
    nature.carrot,
    nature.donut,
    nature.ice_cream,
    nature.mushroom,
    nature.cupcake,
    nature.pear,
    nature.tree,
    nature.fir,
    nature.flower,
    nature.cactus,
    nature.fish,
    nature.pumpkin,
    nature.log_pile,
    toys.ball,
    toys.die,
    vehicles.car,
    vehicles.truck,
    vehicles.boat,
    vehicles.rocket,
    vehicles.plane,
    toys.house,
    toys.robot,
    toys.snowman,
    toys.teddy,
    toys.star,
    toys.pawn,
    toys.guitar,
    toys.traffic_cone,
    toys.drum,
    toys.balloon,
    toys.stacker,
)
KINDS: tuple[str, ...] = tuple(builder.__name__ for builder in BUILDERS)

# Free things are seen from any side, the others stand on the ground.
FREE_KINDS = frozenset(
    {
        "key",
        "hammer",
        "spoon",
        "glasses",
        "banana",
        "carrot",
        "donut",
        "fish",
        "ball",
        "die",
        "plane",
        "rocket",
    }
    | {"star", "apple", "pear", "book", "guitar", "shoe"}
)


def build_object(kind: str, rng: np.random.Generator) -> list[Solid]:
    """One random member of a kind as solids about the origin, roughly two units across."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    return BUILDERS[KINDS.index(kind)](rng)
