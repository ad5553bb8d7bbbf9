import { describe, expect, it } from 'vitest';
import { differenceText, numberText } from '../../../src/shared/signed-text.js';

describe('numberText', () => {
  it('has a minus sign where what is shown is below zero', () => {
    expect([-1.714, -0.004, 0, 1.714].map((value) => numberText(value, 2))).toEqual(['−1.71', '0.00', '0.00', '1.71']);
  });
});

describe('differenceText', () => {
  it('has a sign always, and the size in the words asked for', () => {
    const percent = (size: number) => `${(100 * size).toFixed(1)} %`;
    expect([-0.0171, 0, 0.0171].map((value) => differenceText(value, percent))).toEqual(['−1.7 %', '+0.0 %', '+1.7 %']);
  });
});
