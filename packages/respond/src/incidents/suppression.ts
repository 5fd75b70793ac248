import type { FindingRecord, RespondTransaction } from '@sightline/control';
import { alertLabels, silenceMatches } from '../silence/silence-matches.ts';
import { linkSettlesMs, type Worksheet } from './worksheet.ts';

/** Why findings are held back at one moment: silences in force, and sites whose link is lost. */
export interface Suppression {
  /** '' when nothing holds it back; else `silence:<id>` or `link:<site>`. */
  of(finding: FindingRecord): string;
  /** A sentence for the time line. */
  words(reason: string): string;
}

/** Reads silences, and links that are lost or only just back; what the worksheet knows of links counts above what was read. */
export async function readSuppression(sheet: Worksheet): Promise<Suppression> {
  const tx: RespondTransaction = sheet.tx;
  const silences = await tx.silences(sheet.now);
  sheet.take(await tx.lostLinks(sheet.now - linkSettlesMs));
  return {
    of: (finding) => {
      if (finding.source !== 'link' && finding.site !== '' && sheet.linkLost(finding.site))
        return `link:${finding.site}`;
      if (silences.length === 0) return '';
      const labels = alertLabels(finding);
      const silence = silences.find((one) => silenceMatches(one, labels));
      return silence === undefined ? '' : `silence:${silence.id}`;
    },
    words: (reason) => {
      if (reason.startsWith('link:'))
        return `the link to ${reason.slice('link:'.length)} is lost or only just back: what its store says cannot be told apart from that`;
      const silence = silences.find(({ id }) => reason === `silence:${id}`);
      if (!silence) return 'a silence held it back';
      return `a silence holds it back until ${new Date(silence.endsAt).toISOString().slice(0, 16).replace('T', ' ')} UTC${silence.comment === '' ? '' : ` (${silence.comment})`}`;
    },
  };
}
