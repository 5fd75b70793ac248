import { Button, NumberInput, TextInput } from '@mantine/core';
import { getAiPrices, listAiCalls, setAiPrices } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { RemoveLine } from '../../components/form-parts.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { ScrollX } from '../../components/scroll-x.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { linesOf, pricesAtMost, priceText, readLines, type PriceLine } from './price-draft.ts';

type Kept = Reply<typeof getAiPrices>;
type Saving = ReturnType<typeof useAct<typeof setAiPrices>>;

/** What tokens of a model cost: the organisation's own prices, which go before the list that Sightline brings. */
export function TokenPrices(): ReactNode {
  const asked = useAsk(getAiPrices);
  const { search } = useAddress();
  const saving = useAct(setAiPrices, [getAiPrices, listAiCalls]);
  if (asked.data === undefined) {
    if (asked.error !== null) return <ErrorState error={asked.error} again={() => void asked.refetch()} />;
    return <SkeletonRows rows={6} />;
  }
  const { own } = asked.data;
  return <PriceForm key={JSON.stringify(own)} kept={asked.data} asked={search['model'] ?? ''} saving={saving} />;
}

/** Begins anew once other prices are kept. */
function PriceForm({ kept, asked, saving }: { kept: Kept; asked: string; saving: Saving }): ReactNode {
  const me = useMe();
  const may = me.may('admin');
  const [lines, setLines] = useState(() => linesOf(kept.own, may ? asked : ''));
  // Faults are told once somebody tried to save: a line that is being written is not wrong yet.
  const [tried, setTried] = useState(false);
  const read = readLines(lines);
  const faults = tried && 'faults' in read ? read.faults : undefined;
  const change = (key: number, part: Partial<PriceLine>): void =>
    setLines((old) => old.map((one) => (one.key === key ? { ...one, ...part } : one)));
  const add = (model: string, price?: { inputUsd: number; outputUsd: number }): void =>
    setLines((old) => [
      ...old,
      {
        key: Math.max(-1, ...old.map(({ key }) => key)) + 1,
        model,
        inputUsd: price?.inputUsd ?? '',
        outputUsd: price?.outputUsd ?? '',
      },
    ]);
  const taken = new Set(lines.map(({ model }) => model.trim().toLowerCase()));
  return (
    <section className="panel panel-body stack" aria-label="Prices of tokens">
      <p className="muted">
        US dollars for a million tokens, by the beginning of a model’s name; the longest beginning that fits counts.
        What a span tells itself as <code>gen_ai.usage.cost</code> is believed before any price. A change counts for
        what is stored already, too.
      </p>
      <nav className="ways-on" aria-label="Ways on">
        <Go to="/traces" search={{ view: 'ai', tab: '', model: '' }}>
          AI calls
        </Go>
      </nav>
      <form
        className="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setTried(true);
          if ('prices' in read) saving.mutate({ body: { own: read.prices } });
        }}
      >
        <h2 className="part-title">Own prices</h2>
        {lines.length === 0 && (
          <p className="muted">
            None yet: {may ? 'add the models that the list below does not know.' : 'an admin sets them.'}
          </p>
        )}
        {lines.map(({ key, model, inputUsd, outputUsd }) => (
          <div key={key} className="line-form">
            <TextInput
              label="Model, or how its name begins"
              className="grow"
              value={model}
              maxLength={200}
              readOnly={!may}
              error={faults?.get(key)}
              onChange={(event) => change(key, { model: event.currentTarget.value })}
            />
            <NumberInput
              size="xs"
              label="In, $ per million"
              w={130}
              min={0}
              decimalScale={6}
              value={inputUsd}
              readOnly={!may}
              error={faults?.has(key)}
              onChange={(value) => change(key, { inputUsd: value })}
            />
            <NumberInput
              size="xs"
              label="Out, $ per million"
              w={130}
              min={0}
              decimalScale={6}
              value={outputUsd}
              readOnly={!may}
              error={faults?.has(key)}
              onChange={(value) => change(key, { outputUsd: value })}
            />
            {may && (
              <RemoveLine
                what={model || 'the line'}
                onRemove={() => setLines((old) => old.filter((one) => one.key !== key))}
              />
            )}
          </div>
        ))}
        <FormProblem problem={saving.error} known={[]} />
        {may && (
          <div className="row">
            <Button type="submit" loading={saving.isPending}>
              Save
            </Button>
            <Button variant="default" disabled={lines.length >= pricesAtMost} onClick={() => add('')}>
              Add a model
            </Button>
            {saving.isSuccess && <span role="status">Saved.</span>}
          </div>
        )}
      </form>
      <h2 className="part-title">The list that Sightline brings</h2>
      <ScrollX label="Table of bundled prices">
        <table className="table one-line stacks">
          <thead>
            <tr>
              <th>Model</th>
              <th className="number">In</th>
              <th className="number">Out</th>
              {may && <th aria-label="Act" />}
            </tr>
          </thead>
          <tbody>
            {Object.entries(kept.bundled).map(([model, price]) => (
              <tr key={model}>
                <td className="code row-name">{model}</td>
                <td className="number" data-title="In">
                  {priceText(price.inputUsd)}
                </td>
                <td className="number" data-title="Out">
                  {priceText(price.outputUsd)}
                </td>
                {may && (
                  <td>
                    <button
                      type="button"
                      className="plain-button"
                      disabled={taken.has(model)}
                      onClick={() => add(model, price)}
                    >
                      {taken.has(model) ? 'stands above' : 'Set own'}
                    </button>
                  </td>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollX>
    </section>
  );
}
