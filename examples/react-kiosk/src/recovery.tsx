import * as Sentry from '@sentry/react';
import { useState, type ReactNode } from 'react';

/** In the place of one feature: what happened, a field to say more, and a way on. */
export function Recovery({
  what,
  eventId,
  resetError,
}: {
  readonly what: string;
  /** Of the error, as the boundary reported it. */
  readonly eventId: string;
  readonly resetError: () => void;
}): ReactNode {
  const [sent, setSent] = useState(false);
  return (
    <section role="alert">
      <h2>{what} does not work at the moment</h2>
      {sent ? (
        <p>Thank you. We look at it.</p>
      ) : (
        <form
          action={(form) => {
            const message = form.get('message');
            if (typeof message !== 'string' || message.trim() === '') return;
            Sentry.captureFeedback({ message, name: 'Kiosk 3', associatedEventId: eventId });
            setSent(true);
          }}
        >
          <label>
            What did you do? <textarea name="message" required />
          </label>
          <button type="submit">Tell us</button>
        </form>
      )}
      <button type="button" onClick={resetError}>
        Try again
      </button>
    </section>
  );
}

/** When nothing is left to draw. */
export function LastScreen(): ReactNode {
  return (
    <main role="alert">
      <h1>The kiosk has to begin anew</h1>
      <button type="button" onClick={() => window.location.reload()}>
        Begin anew
      </button>
    </main>
  );
}
