// What a whole model costs, from two models with a few of its layers: every part of a step and of its memory is a constant
// (embedding, output matrix, loss, the one graph that is there at a time) or grows with the number of layers.

/** Of a model with so many layers. */
export interface ShapeMeasurement {
  layers: number;
  /** A step, with the optimizer. */
  seconds: number;
  fileMib: number;
  /** The trainer's own forecast of its process; the file is part of it. */
  forecastMib: number;
  peakMib: number;
}

export interface TimeForecast {
  layerSeconds: number;
  /** A step without its layers. */
  restSeconds: number;
  /** A step of the whole. */
  stepSeconds: number;
}

/** How far the speed of a machine drifts between two processes; the rest of a step may be shorter than that. */
const drift = 0.1;

/** Or why the measured times cannot be: other work disturbed them. */
export function forecastTime(few: ShapeMeasurement, more: ShapeMeasurement, layers: number): TimeForecast | string {
  const { slope, start } = lineThrough(few, more, ({ seconds }) => seconds);
  if (slope > 0 && start > -drift * few.seconds) {
    return { layerSeconds: slope, restSeconds: start, stepSeconds: start + layers * slope };
  }
  const told = [few, more].map(({ layers: n, seconds }) => `${seconds.toPrecision(4)} s with ${n} layers`);
  return `a step took ${told.join(' and ')}, ${slope > 0 ? 'too much more' : 'no more'}`;
}

/** MiB; the file's own size is exact, since the few layers have another mixture of types than all. */
export function forecastMemory(
  few: ShapeMeasurement,
  more: ShapeMeasurement,
  whole: Pick<ShapeMeasurement, 'layers' | 'fileMib'>,
): Pick<ShapeMeasurement, 'forecastMib' | 'peakMib'> {
  const besideFile = (key: 'forecastMib' | 'peakMib') => {
    const { slope, start } = lineThrough(few, more, (one) => one[key] - one.fileMib);
    return start + whole.layers * slope;
  };
  return {
    forecastMib: whole.fileMib + besideFile('forecastMib'),
    peakMib: whole.fileMib + besideFile('peakMib'),
  };
}

/** By the number of layers. */
function lineThrough(
  few: ShapeMeasurement,
  more: ShapeMeasurement,
  value: (one: ShapeMeasurement) => number,
): { slope: number; start: number } {
  const slope = (value(more) - value(few)) / (more.layers - few.layers);
  return { slope, start: value(few) - few.layers * slope };
}
