// Cells that `tumint.report.engine.cellmaps` packed: read once, when maps of them are first seen.
let pageCells = null;

async function inflatedBytes(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function cellsOfPage() {
  pageCells ??= readCells();
  return pageCells;
}

async function readCells() {
  const head = JSON.parse(document.querySelector("script.cells-head").textContent);
  const numbers = await inflatedBytes(document.querySelector("script.cells-numbers").textContent);
  const maps = head.maps.map((map) => {
    const { n, step, at } = map;
    const places = (start) => Float32Array.from(new Uint16Array(numbers, start, n), (value) => value * step);
    const [x, y] = [places(at.x), places(at.y)];
    const type = head.wide ? new Uint16Array(numbers, at.type, n) : new Uint8Array(numbers, at.type, n);
    const layers = at.layers.map((start) => new Uint8Array(numbers, start, n));
    const largest = (values) => values.reduce((high, value) => Math.max(high, value), 0);
    return { ...map, x, y, type, layers, width: Math.max(largest(x), 1), height: Math.max(largest(y), 1), grounds: [] };
  });
  return { ...head, maps, numbers };
}

/** The ids of the cells of a map: differences, added up. */
function idsOf(map, numbers) {
  let sum = 0;
  return Array.from(new Int32Array(numbers, map.at.id, map.n), (step) => (sum += step));
}

/**
 * The ground that the classes of a layer cover: a raster, each of its squares with the commonest class of the cells
 * around it (255: no cell is near), and the lines between unlike squares.
 */
function groundOf(map, layer, classes) {
  if (map.grounds[layer]) return map.grounds[layer];
  const codes = map.layers[layer];
  const side = Math.max(4, Math.max(map.width, map.height) / 150);
  const [columns, rows] = [Math.floor(map.width / side) + 1, Math.floor(map.height / side) + 1];
  const squares = new Uint8Array(columns * rows).fill(255);
  const most = new Uint16Array(columns * rows);
  for (let kind = 0; kind <= classes; kind++) {
    const counts = new Uint16Array(columns * rows);
    for (let i = 0; i < map.n; i++) {
      if ((codes[i] === 255 ? classes : codes[i]) === kind) counts[Math.floor(map.y[i] / side) * columns + Math.floor(map.x[i] / side)]++;
    }
    const around = summedAround(counts, columns, rows, 2);
    for (let at = 0; at < squares.length; at++) if (around[at] > most[at]) [most[at], squares[at]] = [around[at], kind];
  }
  const lines = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column;
      const unlike = (other) => squares[at] !== 255 && squares[other] !== 255 && squares[at] !== squares[other];
      if (column + 1 < columns && unlike(at + 1)) lines.push([column + 1, row, column + 1, row + 1]);
      if (row + 1 < rows && unlike(at + columns)) lines.push([column, row + 1, column + 1, row + 1]);
    }
  }
  return (map.grounds[layer] = { side, columns, rows, squares, lines });
}

function summedAround(counts, columns, rows, reach) {
  const along = (from, length, lines, step, jump) => {
    const to = new Uint16Array(from.length);
    for (let line = 0; line < lines; line++) {
      let sum = 0;
      for (let i = -reach; i < length; i++) {
        if (i + reach < length) sum += from[line * jump + (i + reach) * step];
        if (i - reach - 1 >= 0) sum -= from[line * jump + (i - reach - 1) * step];
        if (i >= 0) to[line * jump + i * step] = sum;
      }
    }
    return to;
  };
  return along(along(counts, columns, rows, 1, columns), rows, columns, columns, 1);
}
