"""Solid shapes as signed distance fields: primitives, joins and cuts, in plain numpy.

A shape is a function from points to the distance of its surface (negative inside), plus a bounding ball.
Points are float32 arrays of shape (3, n), y is up, and lengths are free units (an object is about 2 across).
The formulas are the well-known ones of Inigo Quilez, "distance functions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

AXES = {"x": 0, "y": 1, "z": 2}


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Right-handed rotation matrix (3, 3) about the axis "x", "y" or "z"."""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    matrix = np.eye(3, dtype=np.float32)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


@dataclass(frozen=True)
class Shape:
    """A distance function with the ball (center (3,), radius) that holds its inside."""

    distance: Callable[[np.ndarray], np.ndarray]
    center: np.ndarray
    radius: float

    def at(self, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Shape:
        """The shape moved by (x, y, z)."""
        offset = np.array([x, y, z], np.float32)
        column = offset[:, None]
        return Shape(lambda p: self.distance(p - column), self.center + offset, self.radius)

    def turned(self, axis: str, degrees: float) -> Shape:
        """The shape rotated about an axis through the origin."""
        matrix = rotation(axis, degrees)
        inverse = np.ascontiguousarray(matrix.T)
        return Shape(lambda p: self.distance(inverse @ p), matrix @ self.center, self.radius)

    def stretched(self, sx: float, sy: float, sz: float) -> Shape:
        """The shape scaled per axis; distances become lower bounds, which marching accepts."""
        scale = np.array([sx, sy, sz], np.float32)
        column, least = scale[:, None], float(min(sx, sy, sz))
        return Shape(
            lambda p: self.distance(p / column) * least,
            self.center * scale,
            self.radius * float(max(sx, sy, sz)),
        )

    def mirrored(self, axis: str = "x") -> Shape:
        """The shape and its mirror image in the plane through the origin across the axis."""
        index = AXES[axis]

        def distance(p: np.ndarray) -> np.ndarray:
            folded = p.copy()
            np.abs(folded[index], out=folded[index])
            return self.distance(folded)

        center = self.center.copy()
        center[index] = 0.0
        return Shape(distance, center, self.radius + abs(float(self.center[index])))

    def kept(self, axis: str, *, above: float | None = None, below: float | None = None) -> Shape:
        """The part of the shape whose coordinate lies above or below a value."""
        index = AXES[axis]

        def distance(p: np.ndarray) -> np.ndarray:
            d = self.distance(p)
            if above is not None:
                d = np.maximum(d, above - p[index])
            if below is not None:
                d = np.maximum(d, p[index] - below)
            return d

        return Shape(distance, self.center, self.radius)

    def shell(self, thickness: float) -> Shape:
        """A skin of the given thickness around the surface of the shape."""
        half = thickness / 2
        return Shape(lambda p: np.abs(self.distance(p)) - half, self.center, self.radius + half)


def _origin(distance: Callable[[np.ndarray], np.ndarray], radius: float) -> Shape:
    return Shape(distance, np.zeros(3, np.float32), float(radius))


def _length2(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(a * a + b * b)


def _length3(p: np.ndarray) -> np.ndarray:
    return np.sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2])


def sphere(radius: float) -> Shape:
    """A ball about the origin."""
    return _origin(lambda p: _length3(p) - radius, radius)


def ellipsoid(rx: float, ry: float, rz: float) -> Shape:
    """An ellipsoid with the three half axes (distance to first order)."""
    radii = np.array([[rx], [ry], [rz]], np.float32)

    def distance(p: np.ndarray) -> np.ndarray:
        q = p / radii
        k0 = _length3(q)
        return k0 * (k0 - 1.0) / np.maximum(_length3(q / radii), 1e-6)

    return _origin(distance, max(rx, ry, rz))


def box(hx: float, hy: float, hz: float, rounding: float = 0.0) -> Shape:
    """A box with half sizes (hx, hy, hz), its edges rounded inside that size."""
    half = np.array([[hx], [hy], [hz]], np.float32) - rounding

    def distance(p: np.ndarray) -> np.ndarray:
        q = np.abs(p) - half
        outside = _length3(np.maximum(q, 0.0))
        return outside + np.minimum(q.max(axis=0), 0.0) - rounding

    return _origin(distance, float(np.sqrt(hx * hx + hy * hy + hz * hz)))


def cylinder(radius: float, half: float, rounding: float = 0.0) -> Shape:
    """An upright cylinder of height 2 * half."""

    def distance(p: np.ndarray) -> np.ndarray:
        dx = _length2(p[0], p[2]) - (radius - rounding)
        dy = np.abs(p[1]) - (half - rounding)
        return np.minimum(np.maximum(dx, dy), 0.0) + _length2(np.maximum(dx, 0), np.maximum(dy, 0)) - rounding

    return _origin(distance, float(np.hypot(radius, half)))


def cone(bottom: float, top: float, half: float) -> Shape:
    """An upright capped cone of height 2 * half with the radii of its two ends."""
    slope, tall = top - bottom, 2.0 * half
    norm = slope * slope + tall * tall

    def distance(p: np.ndarray) -> np.ndarray:
        qx, qy = _length2(p[0], p[2]), p[1]
        ax = qx - np.minimum(qx, np.where(qy < 0, np.float32(bottom), np.float32(top)))
        ay = np.abs(qy) - half
        share = np.clip(((top - qx) * slope + (half - qy) * tall) / norm, 0.0, 1.0)
        bx, by = qx - top + slope * share, qy - half + tall * share
        sign = np.where((bx < 0) & (ay < 0), np.float32(-1), np.float32(1))
        return sign * np.sqrt(np.minimum(ax * ax + ay * ay, bx * bx + by * by))

    return _origin(distance, float(np.hypot(max(bottom, top), half)))


def capsule(
    start: Sequence[float], end: Sequence[float], radius: float, end_radius: float | None = None
) -> Shape:
    """A round-ended rod from start to end, tapering to end_radius."""
    a, b = np.array(start, np.float32), np.array(end, np.float32)
    rod, grow = b - a, (radius if end_radius is None else end_radius) - radius
    norm = float(rod @ rod) + 1e-9

    def distance(p: np.ndarray) -> np.ndarray:
        q = p - a[:, None]
        share = np.clip((rod @ q) / norm, 0.0, 1.0)
        return _length3(q - rod[:, None] * share) - (radius + grow * share)

    return Shape(distance, (a + b) / 2, float(np.sqrt(norm)) / 2 + max(radius, radius + grow))


def torus(ring: float, tube: float) -> Shape:
    """A ring lying flat (its axis is y) of radius `ring` with a tube of radius `tube`."""
    return _origin(lambda p: _length2(_length2(p[0], p[2]) - ring, p[1]) - tube, ring + tube)


def lathe(heights: Sequence[float], radii: Sequence[float], smooth: bool = True) -> Shape:
    """A solid of revolution about y through the profile points (heights ascending, radii)."""
    heights, radii = np.asarray(heights, np.float64), np.asarray(radii, np.float64)
    low, high = float(heights[0]), float(heights[-1])
    fine = np.linspace(low, high, 96)
    profile = np.interp(fine, heights, radii)
    if smooth:
        kernel = np.hanning(13)
        profile = np.convolve(np.pad(profile, 6, mode="edge"), kernel / kernel.sum(), mode="valid")
    profile = profile.astype(np.float32)
    step = (high - low) / 95
    steepest = min(float(np.abs(np.diff(profile)).max() / step), 4.0)
    safety = 1.0 / np.sqrt(1.0 + steepest * steepest)
    middle, half = (low + high) / 2, (high - low) / 2

    def distance(p: np.ndarray) -> np.ndarray:
        position = np.clip((p[1] - low) / step, 0.0, 94.999)
        index = position.astype(np.int32)
        share = position - index
        wide = profile[index] * (1 - share) + profile[index + 1] * share
        return np.maximum((_length2(p[0], p[2]) - wide) * safety, np.abs(p[1] - middle) - half)

    shape = _origin(distance, float(np.hypot(profile.max(), half)))
    return Shape(distance, np.array([0, middle, 0], np.float32), shape.radius)


def extruded(corners: Sequence[Sequence[float]], half_depth: float, rounding: float = 0.0) -> Shape:
    """A plate of thickness 2 * half_depth along z with the outline of a polygon (k, 2) in x, y."""
    points = np.asarray(corners, np.float32)

    def outline(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        best = np.full(x.shape, 1e9, np.float32)
        inside = np.zeros(x.shape, bool)
        for (ax, ay), (bx, by) in zip(points, np.roll(points, 1, axis=0), strict=True):
            ex, ey, wx, wy = bx - ax, by - ay, x - ax, y - ay
            share = np.clip((wx * ex + wy * ey) / (ex * ex + ey * ey), 0.0, 1.0)
            dx, dy = wx - ex * share, wy - ey * share
            best = np.minimum(best, dx * dx + dy * dy)
            inside ^= ((ay > y) != (by > y)) & (ex * wy * np.sign(ey) > ey * wx * np.sign(ey))
        return np.where(inside, -1.0, 1.0).astype(np.float32) * np.sqrt(best)

    def distance(p: np.ndarray) -> np.ndarray:
        flat, deep = outline(p[0], p[1]), np.abs(p[2]) - (half_depth - rounding)
        return (
            np.minimum(np.maximum(flat, deep), 0)
            + _length2(np.maximum(flat, 0), np.maximum(deep, 0))
            - rounding
        )

    center = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = float(np.sqrt(((points - center) ** 2).sum(axis=1)).max()) + rounding
    return Shape(distance, np.array([*center, 0], np.float32), float(np.hypot(reach, half_depth)))


def ball_around(shapes: Sequence[Shape]) -> tuple[np.ndarray, float]:
    low = np.min([s.center - s.radius for s in shapes], axis=0)
    high = np.max([s.center + s.radius for s in shapes], axis=0)
    center = ((low + high) / 2).astype(np.float32)
    return center, max(float(np.linalg.norm(s.center - center)) + s.radius for s in shapes)


def union(*shapes: Shape, blend: float = 0.0) -> Shape:
    """All shapes together; `blend` > 0 melts them over about that length."""
    center, radius = ball_around(shapes)

    def distance(p: np.ndarray) -> np.ndarray:
        d = shapes[0].distance(p)
        for shape in shapes[1:]:
            other = shape.distance(p)
            if blend > 0:
                share = np.maximum(blend - np.abs(d - other), 0.0) / blend
                d = np.minimum(d, other) - share * share * (blend / 4)
            else:
                d = np.minimum(d, other)
        return d

    return Shape(distance, center, radius + blend / 4)


def without(shape: Shape, *holes: Shape) -> Shape:
    """The shape with the holes cut out."""

    def distance(p: np.ndarray) -> np.ndarray:
        d = shape.distance(p)
        for hole in holes:
            d = np.maximum(d, -hole.distance(p))
        return d

    return Shape(distance, shape.center, shape.radius)


def common(shape: Shape, other: Shape) -> Shape:
    """What both shapes hold."""
    smaller = shape if shape.radius < other.radius else other
    return Shape(lambda p: np.maximum(shape.distance(p), other.distance(p)), smaller.center, smaller.radius)


def chain(points: Sequence[Sequence[float]], radii: Sequence[float], blend: float = 0.05) -> Shape:
    """A bent rod through the points with a radius at each."""
    rods = [
        capsule(a, b, ra, rb)
        for a, b, ra, rb in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True)
    ]
    return union(*rods, blend=blend)
