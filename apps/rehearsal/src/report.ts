// The end of a rehearsal in lines for people.

import type { Present } from "./life.ts";
import { shortening } from "./stage.ts";
import type { Verdict } from "./verdict.ts";

/** A verdict and the title of its life, as on its stage. */
export interface Judgement {
  readonly title: string;
  readonly verdict: Verdict;
}

/** The present state of one life, or of several side by side, in one line that fits a narrow terminal. */
export function presentOf(
  lives: readonly { readonly title: string; readonly present: Present }[],
): string {
  const [first] = lives;
  if (first === undefined) return "";
  const at = `${(first.present.atMs / 1000).toFixed(1).padStart(5)} s  `;
  if (lives.length === 1) {
    const { opened, finished, cut, openToTask } = first.present;
    return `${at}connections: ${opened} opened, ${finished} finished, ${cut} cut; ${openToTask} open to the task`;
  }
  const counts = lives.map(
    ({ title, present: { opened, finished, cut } }) =>
      `${title.split(" ")[0]} ${opened}/${finished}/${cut}`,
  );
  return `${at}opened/finished/cut: ${counts.join("  ")}`;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const moment = (ms: number | undefined): string => (ms === undefined ? "-" : seconds(ms));

/** The moment, and how long after the drain's beginning it came. */
const sinceDrain = (ms: number | undefined, { drainBeganMs }: Verdict): string =>
  ms === undefined || drainBeganMs === undefined
    ? moment(ms)
    : `${moment(ms)} (${seconds(ms - drainBeganMs)} after it began)`;

const rows: readonly (readonly [string, (verdict: Verdict) => string])[] = [
  ["connections opened", ({ opened }) => `${opened}`],
  ["            finished", ({ finished }) => `${finished}`],
  [
    "            cut",
    ({ cut, cuts }) =>
      cut === 0
        ? "0"
        : `${cut} (${Object.entries(cuts)
            .map(([end, number]) => `${number} ${end}`)
            .join(", ")})`,
  ],
  [
    "new to the task after the drain began",
    ({ late }) => `${late.opened}${late.cut > 0 ? `, ${late.cut} of them cut` : ""}`,
  ],
  ["drain began", ({ drainBeganMs }) => moment(drainBeganMs)],
  ["      was seen by the sidecar", (verdict) => sinceDrain(verdict.drainSeenMs, verdict)],
  ["      ended: the application was told", (verdict) => sinceDrain(verdict.drainEndedMs, verdict)],
  ["last connection ended", (verdict) => sinceDrain(verdict.lastConnectionMs, verdict)],
  ["sidecar left", (verdict) => sinceDrain(verdict.sidecarEndedMs, verdict)],
  ["ECS alone would have told it", (verdict) => sinceDrain(verdict.aloneEndedMs, verdict)],
  [
    "sooner than ECS alone",
    ({ soonerMs }) =>
      soonerMs === undefined || soonerMs === 0
        ? "-"
        : `${seconds(soonerMs)} (${((soonerMs * shortening) / 1000).toFixed(0)} s at full length)`,
  ],
];

/** The report of one life, or of several side by side; the first one's verdict is the rehearsal's. */
export function reportOf(judgements: readonly Judgement[]): readonly string[] {
  const [first] = judgements;
  if (first === undefined) return [];
  const shown = rows.filter(([, cellOf]) =>
    judgements.some(({ verdict }) => cellOf(verdict) !== "-"),
  );
  const width = Math.max(...shown.map(([name]) => name.length)) + 3;
  const columns = judgements.map(({ title, verdict }) => {
    const cells = [title, ...shown.map(([, cellOf]) => cellOf(verdict))];
    const widest = Math.max(...cells.map((cell) => cell.length)) + 3;
    return cells.map((cell) => cell.padEnd(widest));
  });
  const names = ["", ...shown.map(([name]) => name)];
  const table = names.map((name, row) =>
    `  ${name.padEnd(width)}${columns.map((cells) => cells[row]).join("")}`.trimEnd(),
  );
  const untitled = judgements.every(({ title }) => title === "");
  return [
    ...(untitled ? table.slice(1) : table),
    "",
    ...judgements.flatMap(({ title, verdict }) => {
      const name = title === "" ? "" : `${title}: `;
      const cut =
        verdict.cut === 0
          ? "no connection was cut"
          : `${verdict.cut} of ${verdict.opened} connections ${verdict.cut === 1 ? "was" : "were"} cut`;
      return [
        `${untitled ? "VERDICT: " : name}${cut}.${untitled ? gainOf(verdict) : ""}`,
        ...verdict.misbehaviour.map((sentence) => `${name}${sentence}`),
      ];
    }),
  ];
}

const gainOf = ({ soonerMs, cut }: Verdict): string =>
  soonerMs === undefined || soonerMs <= 0 || cut > 0
    ? ""
    : ` The application was told ${((soonerMs * shortening) / 1000).toFixed(0)} s sooner, at full length, than by ECS alone.`;
