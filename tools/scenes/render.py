"""Draws solids: ray marching, soft shadows, ambient occlusion and simple studio light, in numpy.

Each solid is marched alone inside its bounding ball and the nearest hit wins (a z-buffer), so cost grows with
the pixels that a solid covers, not with the number of solids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tools.scenes.paint import Paint
from tools.scenes.sdf import Shape


@dataclass(frozen=True)
class Solid:
    """A shape with its paint; gloss 0 (chalk) to 1 (lacquer); metal mirrors its surroundings."""

    shape: Shape
    paint: Paint
    gloss: float = 0.35
    metal: float = 0.0
    owner: int = 0


@dataclass(frozen=True)
class Light:
    """Linear RGB light: a sun from `direction` (unit, towards the light), sky above, bounce from below."""

    direction: np.ndarray
    sun: np.ndarray = field(default_factory=lambda: np.array([2.2, 2.1, 1.95], np.float32))
    sky: np.ndarray = field(default_factory=lambda: np.array([0.62, 0.7, 0.82], np.float32))
    ground: np.ndarray = field(default_factory=lambda: np.array([0.32, 0.28, 0.24], np.float32))
    softness: float = 8.0


@dataclass(frozen=True)
class Camera:
    """A pinhole at `eye` that looks at `target`; fov_degrees is the vertical angle of the window -1..1."""

    eye: np.ndarray
    target: np.ndarray
    fov_degrees: float = 30.0

    def frame(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Unit vectors to the right, up and forward."""
        forward = (self.target - self.eye) / np.linalg.norm(self.target - self.eye)
        right = np.cross(forward, [0.0, 1.0, 0.0])
        right = right / np.linalg.norm(right)
        return right, np.cross(right, forward), forward

    def rays(self, window: tuple[float, float, float, float], size: tuple[int, int]) -> np.ndarray:
        """Unit ray directions (3, height * width) through pixel centres.

        Args:
            window: (left, right, top, bottom) on the picture plane, y up; -1..1 is the vertical view.
            size: (height, width) in pixels.
        """
        left, right_edge, top, bottom = window
        height, width = size
        x = left + (np.arange(width) + 0.5) / width * (right_edge - left)
        y = top + (np.arange(height) + 0.5) / height * (bottom - top)
        right, up, forward = self.frame()
        tangent = np.tan(np.deg2rad(self.fov_degrees) / 2)
        xx, yy = np.meshgrid(x * tangent, y * tangent)
        rays = np.outer(right, xx.ravel()) + np.outer(up, yy.ravel()) + forward[:, None]
        return (rays / np.linalg.norm(rays, axis=0)).astype(np.float32)


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Products (n,) of vectors (3, n); much quicker than a sum over the short axis."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def march(
    shape: Shape, origin: np.ndarray, rays: np.ndarray, precision: float, steps: int = 90
) -> np.ndarray:
    """Distance (n,) along each ray to the shape, inf where missed; `precision` is relative to distance."""
    depth = np.full(rays.shape[1], np.inf, np.float32)
    offset = (shape.center - origin).astype(np.float32)
    along = offset @ rays
    reach = along * along - float(offset @ offset) + shape.radius**2
    active = np.flatnonzero((reach > 0) & (along > -shape.radius))
    half = np.sqrt(reach[active])
    t, far = np.maximum(along[active] - half, 1e-3), along[active] + half
    rays, origin = rays[:, active], origin.astype(np.float32)[:, None]
    for _ in range(steps):
        if active.size == 0:
            break
        d = shape.distance(origin + rays * t)
        hit = d < precision * t
        depth[active[hit]] = t[hit]
        t = t + d
        alive = ~hit & (t < far)
        active, t, far, rays = active[alive], t[alive], far[alive], rays[:, alive]
    return depth


def trace(solids: Sequence[Solid], camera_eye: np.ndarray, rays: np.ndarray, precision: float) -> tuple:
    """Nearest hits of all solids: depth (n,) float32 (inf = none) and the solid's index (n,) (-1 = none)."""
    depth = np.full(rays.shape[1], np.inf, np.float32)
    index = np.full(rays.shape[1], -1, np.int32)
    for i, solid in enumerate(solids):
        found = march(solid.shape, camera_eye, rays, precision)
        nearer = found < depth
        depth[nearer], index[nearer] = found[nearer], i
    return depth, index


def normals(shape: Shape, points: np.ndarray, step: float) -> np.ndarray:
    """Unit outward normals (3, n) by a tetrahedron of four distances."""
    corners = np.array([[1, -1, -1], [-1, -1, 1], [-1, 1, -1], [1, 1, 1]], np.float32)
    total = np.zeros_like(points)
    for corner in corners:
        total += corner[:, None] * shape.distance(points + (corner * step)[:, None])
    return total / np.maximum(np.sqrt(dot(total, total)), 1e-9)


def field_distance(solids: Sequence[Solid], points: np.ndarray, near: float) -> np.ndarray:
    """Distance (n,) to the nearest solid; exact below `near`, a lower bound beyond it."""
    best = np.full(points.shape[1], 1e3, np.float32)
    for solid in solids:
        away = points - solid.shape.center[:, None]
        bound = np.sqrt(dot(away, away)) - solid.shape.radius
        inside = np.flatnonzero(bound < near)
        np.minimum(best, np.where(bound < near, best, bound), out=best)
        if inside.size:
            best[inside] = np.minimum(best[inside], solid.shape.distance(points[:, inside]))
    return best


def occlusion(solids: Sequence[Solid], points: np.ndarray, normal: np.ndarray, reach: float) -> np.ndarray:
    """Open share (n,) of the surroundings near each point, 0..1."""
    dark = np.zeros(points.shape[1], np.float32)
    for share, weight in ((0.12, 1.6), (0.4, 0.8), (1.0, 0.4)):
        height = reach * share
        dark += (
            weight * np.maximum(height - field_distance(solids, points + normal * height, height), 0) / height
        )
    return np.clip(1.0 - 0.55 * dark, 0.12, 1.0)


def soft_shadow(
    solids: Sequence[Solid],
    points: np.ndarray,
    toward: np.ndarray,
    reach: float,
    softness: float,
    steps: int = 18,
) -> np.ndarray:
    """Share (n,) of the sun that reaches each point, 0..1; larger `softness` gives sharper edges."""
    light = np.ones(points.shape[1], np.float32)
    active = np.arange(points.shape[1])
    t = np.full(points.shape[1], reach * 0.012, np.float32)
    direction = toward.astype(np.float32)[:, None]
    for _ in range(steps):
        if active.size == 0:
            break
        d = field_distance(solids, points[:, active] + direction * t, reach * 0.25)
        light[active] = np.minimum(light[active], np.clip(softness * d / t, 0, 1))
        t = t + np.clip(d, reach * 0.012, reach * 0.25)
        alive = (light[active] > 0.01) & (t < reach)
        active, t = active[alive], t[alive]
    return light * light * (3 - 2 * light)


def surroundings(direction: np.ndarray, light: Light) -> np.ndarray:
    """What a mirror sees in each direction (3, n): ground, sky, a bright horizon and a window of light."""
    up = np.clip(direction[1] * 0.5 + 0.5, 0, 1)
    blend = np.clip((up - 0.42) / 0.16, 0, 1)
    color = light.ground[:, None] * (1 - blend) + light.sky[:, None] * blend * (0.7 + 0.6 * up)
    toward = np.clip(light.direction.astype(np.float32) @ direction, 0, 1)
    return color + light.sun[:, None] * np.clip((toward - 0.9) / 0.05, 0, 1) * 0.7


def shade(
    solids: Sequence[Solid],
    points: np.ndarray,
    rays: np.ndarray,
    index: np.ndarray,
    light: Light,
    size: float,
    casters: Sequence[Solid] | None = None,
) -> np.ndarray:
    """Linear RGB (3, n) of hit points.

    Args:
        size: radius of the scene, the scale of shadows and occlusion.
        casters: what throws shadows, all solids by default; [] is quick and good enough for reflections.
    """
    casters = solids if casters is None else casters
    color, normal = np.zeros_like(points), np.zeros_like(points)
    gloss, metal = (np.zeros(points.shape[1], np.float32) for _ in range(2))
    for i, solid in enumerate(solids):
        mine = np.flatnonzero(index == i)
        if mine.size:
            color[:, mine] = np.clip(solid.paint(points[:, mine]), 0, 1) ** 2.2
            normal[:, mine] = normals(solid.shape, points[:, mine], 0.002 * size)
            gloss[mine], metal[mine] = solid.gloss, solid.metal
    toward = light.direction.astype(np.float32)
    facing = np.clip(toward @ normal, 0, 1)
    lit = np.zeros_like(facing)
    day = np.flatnonzero(facing > 0.01)
    raised = points[:, day] + normal[:, day] * (0.01 * size)
    lit[day] = soft_shadow(casters, raised, toward, 1.6 * size, light.softness)
    open_share = occlusion(casters, points, normal, 0.35 * size)
    cosine = np.clip(-dot(rays, normal), 0, 1)
    mirror = rays + 2 * cosine * normal
    fresnel = 0.04 + 0.5 * (1 - cosine) ** 5
    up = normal[1] * 0.5 + 0.5
    around = (light.sky[:, None] * up + light.ground[:, None] * (1 - up)) * open_share
    diffuse = color * (around + light.sun[:, None] * facing * lit) * (1 - 0.75 * metal)
    shine = np.clip(toward @ mirror, 0, 1) ** (6 + 90 * gloss * gloss) * lit * gloss * 0.9
    reflect = surroundings(mirror, light) * open_share
    sheen = reflect * (fresnel * gloss * (1 - metal)) + reflect * color * metal * 1.3
    return diffuse + light.sun[:, None] * shine * 0.5 + sheen


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Film-like shoulder and gamma: linear light to sRGB floats in 0..1."""
    mapped = linear * (1 + linear / 6.0) / (1 + linear * 0.55)
    return np.clip(mapped, 0, 1) ** (1 / 2.2)


def render(
    solids: Sequence[Solid],
    camera: Camera,
    window: tuple[float, float, float, float],
    size: tuple[int, int],
    light: Light,
    scene_radius: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws the solids: sRGB float32 (height, width, 3) in 0..1, solid index (height, width), -1 if none."""
    height, width = size
    rays = camera.rays(window, size)
    pixel = abs(window[2] - window[3]) / height * np.tan(np.deg2rad(camera.fov_degrees) / 2)
    depth, index = trace(solids, camera.eye, rays, 0.4 * float(pixel))
    seen = np.flatnonzero(index >= 0)
    picture = np.zeros((3, height * width), np.float32)
    if seen.size:
        points = camera.eye.astype(np.float32)[:, None] + rays[:, seen] * depth[seen]
        picture[:, seen] = to_srgb(shade(solids, points, rays[:, seen], index[seen], light, scene_radius))
    return picture.reshape(3, height, width).transpose(1, 2, 0), index.reshape(height, width)
