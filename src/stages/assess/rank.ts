import type { Assessment } from '../../shared/rows.js';
import type { UnrankedAssessment } from './assess.js';

/** Fills in the ranks of a whole pool: the lowest of the three shares of the pool that score lower. Order is kept. */
export declare function rankPool(pool: readonly UnrankedAssessment[]): Assessment[];
