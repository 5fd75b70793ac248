import type { SendEnding } from '../channels/channel.ts';
import type { PostEnding } from './http-post.ts';

/**
 * What an HTTP answer means for the message: 2xx delivered; 408, 425, 429 and 5xx may work later; all else never will.
 * Redirects are not followed: a message must not end where nobody chose to send it.
 */
export function judgeAnswer(answer: PostEnding): SendEnding {
  if ('fault' in answer) {
    if (answer.lasting) return { ending: 'failed', detail: answer.fault };
    return { ending: 'retry', detail: answer.fault, afterMs: 0 };
  }
  const { status, retryAfterMs } = answer;
  const said = answer.body.trim().replaceAll(/\s+/g, ' ').slice(0, 200);
  const detail = said === '' ? `answered ${status}` : `answered ${status}: ${said}`;
  if (status >= 200 && status < 300) return { ending: 'delivered', detail };
  if (status >= 300 && status < 400) {
    return {
      ending: 'failed',
      detail: `answered ${status}, a redirect, which is not followed: enter the final address`,
    };
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return { ending: 'retry', detail, afterMs: retryAfterMs };
  }
  return { ending: 'failed', detail };
}
