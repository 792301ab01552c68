"""Whole pictures in perspective: placed objects on a ground or on water, under a sky or before a wall."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tools.scenes.paint import Paint
from tools.scenes.render import Camera, Light, Solid, dot, occlusion, shade, to_srgb, trace
from tools.scenes.sdf import Shape, ball_around, rotation

Field = Callable[[np.ndarray], np.ndarray]
BAND_ROWS = 60  # rows of samples that are drawn together: small enough for the processor's cache


@dataclass(frozen=True)
class Ground:
    """The plane y = 0.

    Attributes:
        paint: sRGB (3, n) at points (3, n).
        mirror: reflected share when seen at a flat angle, 0..1.
        slope: for water, the surface's slope (2, n) in x and z at points; None lies flat.
        bottom: for water, how deep below the surface the paint lies; refraction shifts it.
    """

    paint: Paint
    mirror: float = 0.0
    slope: Field | None = None
    bottom: float = 0.0


@dataclass(frozen=True)
class Stage:
    """All that a picture shows.

    Attributes:
        solids: the objects, which throw shadows on each other and on the ground.
        sky: sRGB (3, n) for directions (3, n).
        scenery: what stands far behind; it throws shadows only on itself.
        haze: distance over which things fade into the sky, 0 for never.
        size: about the radius of the place where the objects are, the scale of shadows.
    """

    solids: Sequence[Solid]
    ground: Ground
    light: Light
    sky: Field
    scenery: Sequence[Solid] = ()
    haze: float = 0.0
    size: float = 2.0

    @property
    def everything(self) -> list[Solid]:
        """Objects first, then scenery."""
        return [*self.solids, *self.scenery]


def placed(
    solids: Sequence[Solid],
    *,
    position: Sequence[float] = (0.0, 0.0, 0.0),
    turn: float = 0.0,
    scale: float = 1.0,
    tilt: tuple[float, float] = (0.0, 0.0),
    owner: int = 0,
) -> list[Solid]:
    """The solids scaled, tilted about x and z, turned about y (degrees) and moved; paint comes along."""
    matrix = rotation("y", turn) @ rotation("z", tilt[1]) @ rotation("x", tilt[0])
    inverse, offset = np.ascontiguousarray(matrix.T), np.array(position, np.float32)

    def into(p: np.ndarray) -> np.ndarray:
        return inverse @ (p - offset[:, None]) / np.float32(scale)

    def move(solid: Solid) -> Solid:
        inner, paint = solid.shape, solid.paint
        shape = Shape(
            lambda p: inner.distance(into(p)) * np.float32(scale),
            matrix @ inner.center * np.float32(scale) + offset,
            inner.radius * scale,
        )
        return replace(solid, shape=shape, paint=lambda p: paint(into(p)), owner=owner)

    return [move(solid) for solid in solids]


def lowest(solids: Sequence[Solid], steps: int = 48) -> float:
    """The lowest height that the solids reach, to about a fiftieth of their size."""
    center, radius = ball_around([solid.shape for solid in solids])
    line = np.linspace(-radius, radius, steps, dtype=np.float32)
    grid = np.stack([axis.ravel() for axis in np.meshgrid(line, line, line)]) + center[:, None]
    near = np.min([solid.shape.distance(grid) for solid in solids], axis=0) < radius / steps
    return float(grid[1, near].min())


def draw_stage(
    stage: Stage, camera: Camera, size: tuple[int, int], *, supersample: int = 2
) -> tuple[np.ndarray, np.ndarray]:
    """Draws the stage.

    Returns:
        picture uint8 (height, width, 3) and the owner of each sample, int16 (height * s, width * s); -1 where
        ground or sky is seen.
    """
    height, width = size[0] * supersample, size[1] * supersample
    half = width / height
    picture = np.empty((height, width, 3), np.float32)
    owner = np.empty((height, width), np.int16)
    for top in range(0, height, BAND_ROWS):
        rows = min(BAND_ROWS, height - top)
        window = (-half, half, 1 - 2 * top / height, 1 - 2 * (top + rows) / height)
        rays = camera.rays(window, (rows, width))
        color, seen = _band(stage, camera, rays, 1.0 / height)
        picture[top : top + rows] = color.T.reshape(rows, width, 3)
        owner[top : top + rows] = seen.reshape(rows, width)
    blocks = (size[0], supersample, size[1], supersample, 3)
    smooth = picture.reshape(blocks).mean(axis=(1, 3))
    return np.round(np.clip(smooth, 0, 1) * 255).astype(np.uint8), owner


def _band(stage: Stage, camera: Camera, rays: np.ndarray, pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """sRGB (3, n) and owner (n,) for rays from the camera."""
    eye = camera.eye.astype(np.float32)
    spread = pixel * np.tan(np.deg2rad(camera.fov_degrees) / 2)
    everything, count = stage.everything, len(stage.solids)
    depth, index = trace(everything, eye, rays, 0.8 * float(spread))
    with np.errstate(divide="ignore"):
        down = np.where(rays[1] < -1e-4, -eye[1] / rays[1], np.inf).astype(np.float32)
    on_ground = down < depth
    index = np.where(on_ground, -1, index)
    depth = np.minimum(depth, down)
    color = np.clip(stage.sky(rays), 0, 1) ** 2.2 * np.float32(1.45)  # the film's shoulder takes that back
    horizon = color.copy()
    for part, casters in ((index >= count, stage.scenery), ((index >= 0) & (index < count), stage.solids)):
        seen = np.flatnonzero(part)
        if seen.size:
            points = eye[:, None] + rays[:, seen] * depth[seen]
            color[:, seen] = shade(
                everything, points, rays[:, seen], index[seen], stage.light, stage.size, casters
            )
    flat = np.flatnonzero(on_ground)
    if flat.size:
        points = eye[:, None] + rays[:, flat] * depth[flat]
        color[:, flat] = _ground_color(stage, points, rays[:, flat], depth[flat])
    if stage.haze:
        hit = np.flatnonzero(np.isfinite(depth))
        share = 1 - np.exp(-((depth[hit] / stage.haze) ** 2))
        color[:, hit] = color[:, hit] * (1 - share) + horizon[:, hit] * share
    owners = np.array([item.owner for item in everything] + [-1], np.int16)
    return to_srgb(color), owners[index]


def _ground_color(stage: Stage, points: np.ndarray, rays: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Linear RGB (3, n) of points on the ground plane."""
    ground, light = stage.ground, stage.light
    normal = np.zeros_like(points)
    normal[1] = 1.0
    under = points
    if ground.slope is not None:
        slope = ground.slope(points) / (1 + (depth / 30) ** 2)
        normal[0], normal[2] = -slope[0], -slope[1]
        normal /= np.sqrt(dot(normal, normal))
        bent = rays[[0, 2]] / np.maximum(-rays[1], 0.25) * 0.6
        under = points.copy()
        under[[0, 2]] += ground.bottom * (bent - 0.5 * slope)
    toward = light.direction.astype(np.float32)
    raised = points + np.array([[0], [0.004 * stage.size], [0]], np.float32)
    lit = smooth_shadow(stage.solids, raised, toward, 3.0 * stage.size, light.softness)
    up = np.zeros_like(points)
    up[1] = 1.0
    open_share = occlusion(stage.solids, points, up, 0.45 * stage.size)
    albedo = np.clip(ground.paint(under), 0, 1) ** 2.2
    if ground.bottom:
        lit = 0.45 + 0.55 * lit  # water scatters light into the shadow
    sun = light.sun[:, None] * max(float(toward[1]), 0.0)
    color = albedo * (light.sky[:, None] * open_share + sun * lit)
    if ground.mirror:
        color = _mirrored(stage, points, rays, normal, color, lit)
    return color


def _mirrored(
    stage: Stage, points: np.ndarray, rays: np.ndarray, normal: np.ndarray, color: np.ndarray, lit: np.ndarray
) -> np.ndarray:
    """The ground's colour with the reflection of the stage and of the sun laid over it."""
    cosine = np.clip(-dot(rays, normal), 0, 1)
    mirror = rays + 2 * cosine * normal
    mirror[1] = np.maximum(mirror[1], 0.02)
    mirror /= np.sqrt(dot(mirror, mirror))
    share = stage.ground.mirror * (0.06 + 0.94 * (1 - cosine) ** 4)
    seen = np.clip(stage.sky(mirror), 0, 1) ** 2.2
    depth, index = trace_from(stage.everything, points, mirror)
    hit = np.flatnonzero(index >= 0)
    if hit.size:
        there = points[:, hit] + mirror[:, hit] * depth[hit]
        seen[:, hit] = shade(
            stage.everything, there, mirror[:, hit], index[hit], stage.light, stage.size, casters=[]
        )
    glint = np.clip(stage.light.direction.astype(np.float32) @ mirror, 0, 1) ** 400 * lit
    return color * (1 - share) + seen * share + stage.light.sun[:, None] * glint * stage.ground.mirror * 1.5


def trace_from(
    solids: Sequence[Solid], points: np.ndarray, rays: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Like `trace`, but each ray starts at a point of its own; a coarser march that suits reflections."""
    depth = np.full(points.shape[1], np.inf, np.float32)
    index = np.full(points.shape[1], -1, np.int32)
    for i, solid in enumerate(solids):
        offset = solid.shape.center[:, None] - points
        along = dot(offset, rays)
        reach = along * along - dot(offset, offset) + solid.shape.radius**2
        active = np.flatnonzero((reach > 0) & (along > -solid.shape.radius))
        half = np.sqrt(reach[active])
        t, far = np.maximum(along[active] - half, 0.01), along[active] + half
        for _ in range(40):
            if active.size == 0:
                break
            d = solid.shape.distance(points[:, active] + rays[:, active] * t)
            hit = d < 0.004 * solid.shape.radius
            nearer = hit & (t < depth[active])
            depth[active[nearer]], index[active[nearer]] = t[nearer], i
            t = t + d
            alive = ~hit & (t < far)
            active, t, far = active[alive], t[alive], far[alive]
    return depth, index


def smooth_shadow(
    solids: Sequence[Solid], points: np.ndarray, toward: np.ndarray, reach: float, softness: float
) -> np.ndarray:
    """Share (n,) of the sun at each point, 0..1; small steps, solid by solid, so that edges show no bands."""
    light = np.ones(points.shape[1], np.float32)
    direction = toward.astype(np.float32)
    for solid in solids:
        offset = solid.shape.center[:, None] - points
        along = direction @ offset
        aside = np.sqrt(np.maximum(dot(offset, offset) - along * along, 0))
        wide = solid.shape.radius + np.clip(along, 0, reach) / softness
        active = np.flatnonzero((aside < wide) & (along > -solid.shape.radius) & (along < reach))
        half = np.sqrt(wide[active] ** 2 - aside[active] ** 2)
        start, end = np.maximum(along[active] - half, 0.0), along[active] + half
        light[active] = np.minimum(
            light[active], _shadow_of(solid, points[:, active], direction, start, end, softness)
        )
    return light * light * (3 - 2 * light)


def _shadow_of(
    solid: Solid,
    points: np.ndarray,
    direction: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    softness: float,
) -> np.ndarray:
    """Light (n,) that one solid leaves on each point, looking along the ray from `start` to `end`."""
    light = np.ones(points.shape[1], np.float32)
    active, t = np.arange(points.shape[1]), start + 0.01 * solid.shape.radius
    least = 0.01 * solid.shape.radius
    for _ in range(110):
        if active.size == 0:
            break
        d = solid.shape.distance(points[:, active] + direction[:, None] * t[active])
        light[active] = np.minimum(light[active], np.clip(softness * d / t[active], 0, 1))
        t[active] += np.maximum(0.45 * d, least)
        active = active[(light[active] > 0.004) & (t[active] < end[active])]
    return light
