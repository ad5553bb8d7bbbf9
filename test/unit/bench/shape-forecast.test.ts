import { expect, test } from 'vitest';

import { forecastMemory, forecastTime } from '../../../src/bench/shape-forecast.js';

/** A layer: 3 s, 100 MiB of the file, 20 MiB beside it; the rest: 5 s, 300 MiB, 500 MiB and 40 more at the peak. */
function measured(layers: number) {
  const fileMib = 300 + 100 * layers;
  const forecastMib = fileMib + 500 + 20 * layers;
  return { layers, seconds: 5 + 3 * layers, fileMib, forecastMib, peakMib: forecastMib + 40 };
}

test('the cost of a layer and of the rest come from two models, those of the whole from both', () => {
  const [few, more] = [measured(2), measured(4)];
  expect(forecastTime(few, more, 32)).toEqual({ layerSeconds: 3, restSeconds: 5, stepSeconds: 5 + 32 * 3 });
  expect(forecastMemory(few, more, { layers: 32, fileMib: 3500 })).toEqual({
    forecastMib: 3500 + 500 + 32 * 20,
    peakMib: 3500 + 500 + 32 * 20 + 40,
  });
});

test('a forecast for what was measured is what was measured', () => {
  const [few, more] = [measured(2), measured(8)];
  expect(forecastTime(few, more, 8)).toMatchObject({ stepSeconds: more.seconds });
  expect(forecastMemory(few, more, more)).toEqual({ forecastMib: more.forecastMib, peakMib: more.peakMib });
});

test('a rest that is lost in the drift of the machine costs nothing else', () => {
  const few = { ...measured(2), seconds: 10 };
  expect(forecastTime(few, { ...measured(4), seconds: 20.5 }, 32)).toEqual({
    layerSeconds: 5.25,
    restSeconds: -0.5,
    stepSeconds: 167.5,
  });
});

test('times that cannot be give no forecast', () => {
  const at = (layers: number, seconds: number) => ({ ...measured(layers), seconds });
  expect(forecastTime(at(2, 20), at(4, 17), 32)).toBe(
    'a step took 20.00 s with 2 layers and 17.00 s with 4 layers, no more',
  );
  expect(forecastTime(at(2, 5), at(4, 17), 32)).toBe(
    'a step took 5.000 s with 2 layers and 17.00 s with 4 layers, too much more',
  );
});
