import type { Deploy, IncidentSpan } from '@sightline/contract';
import { describe, expect, it } from 'vitest';
import { marksAtMost, marksOf } from './chart-marks.ts';

const range = { from: 1000, to: 2000 };
const incident = (number: number, openedAt: number, severity: IncidentSpan['severity'] = 'high'): IncidentSpan => ({
  number,
  title: 'Payments fail',
  severity,
  status: 'resolved',
  site: 'STORE_001',
  openedAt,
  resolvedAt: null,
});
const deploy = (at: number, release = '1.1'): Deploy => ({ at, service: 'orders', release, sites: 2 });
const nothing = { incidents: [], incidentsCut: false, deploys: [], deploysCut: false };

describe('marks of a range', () => {
  it('are incidents that opened in it and releases that came in it, each a way to its page, newest first', () => {
    const found = marksOf(range, {
      ...nothing,
      incidents: [incident(1, 999), incident(2, 1200), incident(3, 1300, 'low')],
      deploys: [deploy(1100, '2.0/rc'), deploy(2001)],
    });
    expect(found.marks.map(({ label, tone, to }) => [label, tone, to])).toEqual([
      ['#3 Payments fail', 'warn', '/incidents/3'],
      ['#2 Payments fail', 'bad', '/incidents/2'],
      ['orders 2.0/rc', 'accent', '/releases/2.0%2Frc'],
    ]);
    expect(found).toMatchObject({ label: '2 incidents, 1 deploy', note: '' });
    expect(found.rows).toHaveLength(3);
  });

  it('lose their words where there are many, and keep them as titles', () => {
    const { marks } = marksOf(range, { ...nothing, deploys: Array.from({ length: 21 }, (_, i) => deploy(1000 + i)) });
    expect(new Set(marks.map(({ label }) => label))).toEqual(new Set(['']));
    expect(marks[0]?.title).toBe('orders 1.1');
  });

  it('say what is left out', () => {
    const incidents = Array.from({ length: marksAtMost + 5 }, (_, i) => incident(i, 1000 + i));
    const found = marksOf(range, { ...nothing, incidents, deploys: [deploy(1500)], deploysCut: true });
    expect(found.marks).toHaveLength(marksAtMost + 1);
    expect(found.rows.some(({ text }) => text.startsWith('#0 '))).toBe(false);
    expect(found.note).toBe(
      'Of 105 incidents in this range the newest 100 are marked. Of more than 1 deploys in this range the newest 1 are marked.',
    );
  });

  it('are none where nothing happened', () => {
    expect(marksOf(range, nothing)).toEqual({ marks: [], rows: [], label: '', note: '' });
  });
});
