/**
 * Writes annotations as COCO JSON. What the file said that the page began with stays: pictures that the page
 * does not show, ids, licences, and the further fields of boxes that were not touched.
 *
 * @param {object} file The COCO file that the page began with; its lists may be empty.
 * @param {{ original: string | null, name: string }[]} classes In order; `original` is the name in `file`.
 * @param {{ file_name: string, width: number, height: number, start: object, content: object }[]} pictures
 *   `start` is the content that the page began with, whose boxes are those of `file` in the same order.
 * @returns {object}
 */
export function cocoFile(file, classes, pictures) {
  const categories = categoryEntries(file.categories, classes);
  const idOfClass = new Map(categories.map((entry) => [entry.name, entry.id]));
  const shown = new Map(pictures.map((picture) => [picture.file_name, picture]));
  const known = new Map(file.images.map((entry) => [entry.file_name, entry]));
  const rowsOfImage = rowsByImage(file);
  const newImageId = freeIds(file.images);
  const newRowId = freeIds(file.annotations);
  const images = file.images.filter((entry) => !shown.has(entry.file_name));
  const annotations = images.flatMap((entry) => rowsOfImage.get(entry.id) ?? []);
  for (const picture of pictures) {
    const { content } = picture;
    if (!content.boxes.length && !content.nothing_here) continue;
    const before = known.get(picture.file_name) ?? { id: newImageId(), file_name: picture.file_name };
    images.push({ ...before, width: picture.width, height: picture.height });
    const left = (rowsOfImage.get(before.id) ?? []).map((row, index) => [boxText(picture.start.boxes[index]), row]);
    for (const box of content.boxes) {
      const row = takeRow(left, boxText({ ...box, class: originalOf(classes, box.class) }));
      annotations.push(row ?? boxEntry(box, newRowId(), before.id, idOfClass.get(box.class)));
    }
  }
  return { ...file, categories, images, annotations };
}

function categoryEntries(entries, classes) {
  const newId = freeIds(entries);
  const known = new Map(entries.map((entry) => [entry.name, entry]));
  const listed = new Set(classes.map((each) => each.original));
  const others = entries.filter((entry) => !listed.has(entry.name));
  return [...classes.map(({ original, name }) => ({ id: null, ...known.get(original), name })), ...others].map(
    (entry) => ({ ...entry, id: entry.id ?? newId() }),
  );
}

function rowsByImage(file) {
  const rows = new Map();
  for (const row of file.annotations) {
    if (!rows.has(row.image_id)) rows.set(row.image_id, []);
    rows.get(row.image_id).push(row);
  }
  return rows;
}

function freeIds(entries) {
  let highest = entries.reduce((most, { id }) => (Number.isInteger(id) && id > most ? id : most), 0);
  return () => ++highest;
}

function originalOf(classes, name) {
  return classes.find((each) => each.name === name)?.original ?? null;
}

function boxText(box) {
  return box ? JSON.stringify([box.xyxy, box.class, Boolean(box.crowd)]) : "";
}

function takeRow(left, text) {
  const index = left.findIndex(([each]) => each === text);
  return index < 0 ? null : left.splice(index, 1)[0][1];
}

function boxEntry({ xyxy: [x1, y1, x2, y2], crowd }, id, imageId, categoryId) {
  const [width, height] = [x2 - x1, y2 - y1];
  const area = Math.round(width * height * 100) / 100;
  const bbox = [x1, y1, width, height];
  return { id, image_id: imageId, category_id: categoryId, bbox, area, iscrowd: crowd ? 1 : 0 };
}
