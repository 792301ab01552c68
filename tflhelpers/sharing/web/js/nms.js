/**
 * From scores of every anchor to the best boxes: what tflhelpers/model/nms.py does, in float32 as there.
 *
 * Of two boxes of a class that overlap, the weaker goes; boxes suppress each other as decoded, before they are clipped.
 */

const { fround, max, min } = Math;

/**
 * @typedef {object} Found
 * @property {Float32Array} boxes x1, y1, x2, y2 of each box, as fractions of the picture's sides, clipped to it
 * @property {Int32Array} labels
 * @property {Float32Array} scores falling
 */

/**
 * The boxes that survive, best first.
 * @param {Float32Array} boxes ymin, xmin, ymax, xmax for each anchor, as fractions, not clipped
 * @param {Float32Array} scores a probability for each anchor and class
 * @param {{ iou_threshold: number, min_score: number, max_boxes: number }} settings
 * @param {number} threshold lowest score; the threshold itself is enough
 * @returns {Found}
 */
export function selectDetections(boxes, scores, settings, threshold) {
  const numClasses = scores.length / (boxes.length / 4);
  const limit = fround(settings.iou_threshold);
  const kept = [];
  const perClass = new Int32Array(numClasses);
  let visible = 0;
  for (const pair of candidates(scores, threshold, settings.min_score)) {
    if (visible >= settings.max_boxes) break;
    const label = pair % numClasses;
    const box = anchorBox(boxes, (pair - label) / numClasses, label, scores[pair]);
    if (perClass[label] >= settings.max_boxes || kept.some((other) => suppresses(other, box, limit))) continue;
    kept.push(box);
    perClass[label] += 1;
    visible += box.visible ? 1 : 0;
  }
  return packed(kept.filter((box) => box.visible));
}

/** Places of the scores that are high enough, in falling order; of equal ones the first comes first. */
function candidates(scores, threshold, minScore) {
  const [lowest, above] = [fround(threshold), fround(minScore)];
  const places = [];
  for (let at = 0; at < scores.length; at++) {
    if (scores[at] >= lowest && scores[at] > above) places.push(at);
  }
  return places.sort((a, b) => scores[b] - scores[a] || a - b);
}

function anchorBox(boxes, anchor, label, score) {
  const [top, left, bottom, right] = boxes.subarray(anchor * 4, anchor * 4 + 4);
  const clipped = [left, top, right, bottom].map((edge) => min(1, max(0, edge)));
  return {
    label,
    score,
    clipped,
    edges: [top, left, bottom, right],
    area: area(top, left, bottom, right),
    visible: area(clipped[1], clipped[0], clipped[3], clipped[2]) > 0,
  };
}

function area(top, left, bottom, right) {
  return fround(fround(bottom - top) * fround(right - left));
}

function suppresses(better, box, limit) {
  if (better.label !== box.label) return false;
  const [top, left, bottom, right] = better.edges;
  const height = max(fround(min(bottom, box.edges[2]) - max(top, box.edges[0])), 0);
  const width = max(fround(min(right, box.edges[3]) - max(left, box.edges[1])), 0);
  const intersection = fround(height * width);
  const union = fround(fround(box.area + better.area) - intersection);
  return intersection > fround(limit * union);
}

function packed(kept) {
  return {
    boxes: Float32Array.from(kept.flatMap((box) => box.clipped)),
    labels: Int32Array.from(kept, (box) => box.label),
    scores: Float32Array.from(kept, (box) => box.score),
  };
}

/**
 * The same boxes without those below a threshold: what suppression at that threshold would have given.
 * @param {Found} found
 * @param {number} threshold
 * @returns {Found}
 */
export function atLeast(found, threshold) {
  const stop = found.scores.filter((score) => score >= fround(threshold)).length; // they fall
  return {
    boxes: found.boxes.subarray(0, stop * 4),
    labels: found.labels.subarray(0, stop),
    scores: found.scores.subarray(0, stop),
  };
}
