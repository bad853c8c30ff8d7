// CSV files: every row is looked at before anything is written, and answered
// for afterwards.
import Papa from "papaparse";
import { useState } from "preact/hooks";
import { failureOf, newRequestId, settled, type Failure } from "../app/rpc";
import { Badge, Button, Dialog, FailureText, Notice } from "../ui/parts";
import { isYes, problemsOf, type Kind, type Row } from "./kinds";
import { t } from "./texts";
import { listed } from "../text/marks";

interface Line {
  readonly number: number;
  readonly row: Row;
  // As it is now, if there is one with that id.
  readonly before: Row | undefined;
  readonly record: unknown;
  // A row before has the same id.
  readonly isTwice: boolean;
  readonly requestId: string;
  readonly result?: "done" | Failure;
}

// Spreadsheets in Japan write Shift_JIS as often as UTF-8.
function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("shift_jis").decode(bytes);
  }
}

// What is wrong with a row, by column, in the language of this moment.
function problemsIn(kind: Kind, line: Line): Record<string, string> {
  const problems = problemsOf(kind, line.row);
  return line.isTwice ? { ...problems, id: t("id_twice") } : problems;
}

// What a row changes, column by column.
function changesOf(kind: Kind, line: Line): { label: string; from: string; to: string }[] {
  if (!line.before) return [];
  return kind.columns.flatMap((column) => {
    const from = line.before![column.key] ?? "";
    const to = line.row[column.key] ?? "";
    // "いいえ" and nothing are the same.
    const isSame = column.flag ? isYes(from) === isYes(to) : from === to;
    return isSame || column.secret ? [] : [{ label: t(column.label), from, to }];
  });
}

export function ImportDialog({ kind, existing, onClose }: {
  kind: Kind;
  existing: readonly { row: Row; record: unknown }[];
  onClose: () => void;
}) {
  const [lines, setLines] = useState<readonly Line[]>();
  const [name, setName] = useState("");
  const [unknown, setUnknown] = useState<string[]>([]);
  const [finished, setFinished] = useState(false);
  const [trouble, setTrouble] = useState<"unreadable" | "no_id_column">();

  const take = async (file: File) => {
    setTrouble(undefined);
    setFinished(false);
    setLines(undefined);
    setUnknown([]);
    setName(file.name);
    Papa.parse<Record<string, string>>(textOf(await file.arrayBuffer()), {
      header: true,
      skipEmptyLines: "greedy",
      transformHeader: (heading) => heading.replace(/^\ufeff/, "").trim(),
      complete: ({ data, meta }) => {
        const headings = meta.fields ?? [];
        // "専門（;区切り）" is 専門, too.
        const columnOf = (heading: string) =>
          kind.columns.find((column) => column.key === heading || t(column.label) === heading.replace(/\s*[（(].*$/, ""));
        setUnknown(headings.filter((heading) => !columnOf(heading)));
        if (!headings.some((heading) => columnOf(heading)?.key === "id")) {
          setTrouble("no_id_column");
          return;
        }
        const seen = new Set<string>();
        setLines(data.map((cells, index) => {
          const given: Row = {};
          for (const heading of headings) {
            const column = columnOf(heading);
            if (column) given[column.key] = (cells[heading] ?? "").trim();
          }
          const before = existing.find(({ row }) => row.id === given.id);
          // Columns that the file does not have stay as they are.
          const row = { ...before?.row, ...given };
          const isTwice = !!row.id && seen.has(row.id);
          seen.add(row.id ?? "");
          return {
            number: index + 2,
            row,
            before: before?.row,
            record: before?.record,
            isTwice,
            requestId: newRequestId(),
          };
        }));
      },
    });
  };
  const right = (lines ?? []).filter((line) => Object.keys(problemsIn(kind, line)).length === 0);
  // What would change nothing is not sent; accounts may bring a new password.
  const good = right.filter((line) => !line.record || changesOf(kind, line).length > 0 ||
    kind.columns.some((column) => column.secret && line.row[column.key]));
  const wrong = (lines ?? []).length - right.length;

  // One after the other: a later row may name an earlier one.
  const run = async () => {
    const results = new Map<number, "done" | Failure>();
    for (const line of good) {
      if (line.result === "done") continue;
      try {
        await settled(() => (line.record ? kind.update(line.row, line.record, line.requestId) : kind.create(line.row, line.requestId)));
        results.set(line.number, "done");
      } catch (error) {
        results.set(line.number, failureOf(error));
      }
      setLines((before) => before?.map((each) => (each.number === line.number ? { ...each, result: results.get(line.number) } : each)));
    }
    setFinished(true);
  };
  const saveTemplate = () => {
    // One heading has a comma in it.
    const text = "\ufeff" + Papa.unparse([kind.columns.map((column) => t(column.label))]) + "\r\n";
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = `${kind.name}.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  const done = (lines ?? []).filter((line) => line.result === "done").length;
  return (
    <Dialog title={`${t(kind.name)}: ${t("import")}`} onClose={onClose}>
      <p>{t("import_hint")}</p>
      <p class="small soft">{listed(kind.columns.map((column) => t(column.label) + (column.several ? t("several_mark") : "") + (column.required ? "*" : "")))}</p>
      <div class="row">
        <label class="button">
          {t("choose_file")}
          <input class="hidden" type="file" accept=".csv,text/csv" onChange={(event) => {
            const file = event.currentTarget.files?.[0];
            if (file) take(file).catch(() => setTrouble("unreadable"));
          }} />
        </label>
        <span class="small">{name}</span>
        <Button size="small" tone="quiet" onPress={saveTemplate}>{t("template")}</Button>
      </div>
      {trouble && <Notice tone="urgent" icon="alert">{t(trouble)}</Notice>}
      {unknown.length > 0 && <Notice tone="warn" icon="alert">{t("unknown_column", { names: listed(unknown) })}</Notice>}
      {lines && (
        <>
          <h3>{t("preview")}</h3>
          <p role="status">
            {finished
              ? t("report", { done, failed: good.length - done, wrong })
              : t("counts", { fresh: good.filter((line) => !line.record).length, changed: good.filter((line) => line.record).length, wrong })}
          </p>
          <div class="scroll-x import-rows" tabIndex={0} role="region" aria-label={t("preview")}>
            <table>
              <thead><tr><th>{t("row")}</th><th>{t("state")}</th><th>{t("id")}</th><th>{t("name")}</th></tr></thead>
              <tbody>
                {lines.map((line) => {
                  const problems = Object.entries(problemsIn(kind, line));
                  return (
                    <tr key={line.number}>
                      <td>{line.number}</td>
                      <td>
                        {problems.length > 0 ? <Badge tone="urgent">{t("wrong")}</Badge>
                          : line.result === "done" ? <Badge tone="good">{t("done")}</Badge>
                            : line.result ? <Badge tone="urgent">{t("failed")}</Badge>
                              : line.record && changesOf(kind, line).length === 0 ? <Badge>{t("same")}</Badge>
                                : <Badge tone="accent">{t(line.record ? "changed" : "fresh")}</Badge>}
                      </td>
                      <td class="nowrap">{line.row.id}</td>
                      <td>
                        {line.row.name ?? line.row.person}
                        {problems.map(([key, text]) => (
                          <div class="field-error" key={key}>{t(kind.columns.find((column) => column.key === key)!.label)}: {text}</div>
                        ))}
                        {changesOf(kind, line).map(({ label, from, to }) => (
                          <div class="small" key={label}>{label}: <del class="soft">{from || "–"}</del> → <ins>{to || "–"}</ins></div>
                        ))}
                        {line.result && line.result !== "done" && <div class="field-error"><FailureText failure={line.result} /></div>}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
          {!finished && <Button tone="primary" disabled={good.length === 0} onPress={run}>{t("run", { n: good.length })}</Button>}
        </>
      )}
    </Dialog>
  );
}
