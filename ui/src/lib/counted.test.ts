import { expect, test } from 'vitest';
import { counted } from './counted';

test('a lone one is singular, whatever else begins with it is not', () => {
  expect([1, '1', 0, 2, '1,000', '11', '1.2 M'].map((n) => counted(n, 'record', 'records'))).toEqual([
    '1 record',
    '1 record',
    '0 records',
    '2 records',
    '1,000 records',
    '11 records',
    '1.2 M records',
  ]);
});
