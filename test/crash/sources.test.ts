import test from 'node:test';
import { OF_PUTTING_AWAY, POINTS, pullThroughKills } from './pull-through-kills.ts';

test('a file is taken once and then left, wherever a pull is killed', (t) =>
  pullThroughKills(
    t,
    'leave',
    POINTS.filter((point) => !OF_PUTTING_AWAY.includes(point)),
  ));

test('a file is taken once and then moved, wherever a pull is killed', (t) =>
  pullThroughKills(t, 'move', POINTS));

test('a file is taken once and then deleted, wherever a pull is killed', (t) =>
  pullThroughKills(t, 'delete', POINTS));
