import { useState, type ReactNode } from 'react';
import { Drawer } from '../components/drawer.tsx';
import { KeyHint } from '../components/key-hint.tsx';
import { boundKeys } from './keys.ts';

/** The keys that work here. */
export default function KeysList({ onClose }: { onClose: () => void }): ReactNode {
  const [keys] = useState(boundKeys);
  return (
    <Drawer title="Keys" label="Keys" width={360} onClose={onClose}>
      <table className="table">
        <tbody>
          {keys.map((key) => (
            <tr key={key.keys}>
              <td>{key.title}</td>
              <td className="number">
                <KeyHint keys={key.keys} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Drawer>
  );
}
