// The administrator's face: what the center consists of, and its rota.
import "../style/operator.css";
import "../style/administrator.css";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Connection } from "../app/live_stream";
import { LiveBoard } from "../app/live_board";
import { newId, newRequestId, settled } from "../app/rpc";
import { path } from "../app/router";
import { center, centerName } from "../app/session";
import { AskDialog, Badge, Button, Choice, ConnectionBar, Dialog, Empty, Failed, Field, Loading, Table, useLoad } from "../ui/parts";
import { language } from "../text/language";
import { listed } from "../text/marks";
import { Menu } from "../ui/menu";
import { CenterPage } from "./center_page";
import type { ImportDialog } from "./csv_import";
import { isYes, kindsOf, problemsOf, type Column, type Kind, type Row } from "./kinds";
import { RotaCalendar } from "./rota_calendar";
import { t } from "./texts";

export default function Administrator() {
  const board = useMemo(() => new LiveBoard(center.value), []);
  const directory = useMemo(() => kindsOf(board), []);
  const place = path.value[0] ?? "rota";
  const kind = directory.find((each) => each.name === place);
  const nav = useRef<HTMLElement>(null);
  // On a phone not all of them are in sight.
  useEffect(() => {
    nav.current?.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [place, language.value]);
  return (
    <div class="desk">
      <header class="top desk-top">
        <h1>{t("title")} <span class="soft-on-dark wide-only">{centerName.value}</span></h1>
        <nav ref={nav}>
          {(["rota", ...directory.map((each) => each.name), "center"] as const).map((each) => (
            <a key={each} href={"#/" + each} aria-current={place === each ? "page" : undefined}>{t(each)}</a>
          ))}
        </nav>
        <span class="grow" />
        <Menu />
      </header>
      <DirectoryLoader board={board}>
        {({ ready, refresh }) =>
          place === "center" ? ready && <CenterPage />
            : kind ? ready && <KindPage kind={kind} refresh={() => board.readDirectory()} key={kind.name} />
              : <RotaCalendar board={board} ready={ready} refresh={refresh} kindOf={(name) => directory.find((each) => each.name === name)!} />}
      </DirectoryLoader>
    </div>
  );
}

interface Directory {
  // Whether the board has what administrators keep.
  readonly ready: boolean;
  // Reads it again. Where that fails, what is shown is marked as old.
  readonly refresh: () => void;
}

// Administrators have no board to watch; what they keep is read once, again when
// somebody comes back to the page or the network does, and after each change.
function DirectoryLoader({ board, children }: { board: LiveBoard; children: (directory: Directory) => ComponentChildren }) {
  const loaded = useLoad(() => board.readDirectory(), []);
  const [connection, setConnection] = useState<Connection>("live");
  const refresh = () => {
    board.readDirectory().then(() => setConnection("live"), () => setConnection("lost"));
  };
  useEffect(() => {
    for (const event of ["focus", "online"]) addEventListener(event, refresh);
    return () => {
      for (const event of ["focus", "online"]) removeEventListener(event, refresh);
    };
  }, []);
  void board.version.value;
  if (loaded.error !== undefined) return <main class="page"><Failed error={loaded.error} retry={loaded.reload} /></main>;
  return (
    <>
      <ConnectionBar connection={connection} />
      {children({ ready: !loaded.loading, refresh }) || <main class="page"><Loading /></main>}
    </>
  );
}

// The dialog and its parser of CSV files come when somebody asks for them.
function ImportLoader(props: Parameters<typeof ImportDialog>[0]) {
  const loaded = useLoad(() => import("./csv_import"), []);
  if (loaded.value) return <loaded.value.ImportDialog {...props} />;
  return (
    <Dialog title={t("import")} onClose={props.onClose}>
      {loaded.error === undefined ? <Loading /> : <Failed error={loaded.error} retry={loaded.reload} />}
    </Dialog>
  );
}

function KindPage({ kind, refresh }: { kind: Kind; refresh: () => Promise<void> }) {
  const [search, setSearch] = useState("");
  const [editing, setEditing] = useState<{ row: Row; record?: unknown }>();
  const [importing, setImporting] = useState(false);
  const [withEnded, setWithEnded] = useState(false);
  const rows = useLoad(async () => {
    await refresh();
    return kind.read();
  }, [kind.name, language.value]);
  const isOver = (row: Row) => isYes(row[kind.ended] ?? "");
  const over = (rows.value ?? []).filter(({ row }) => isOver(row)).length;
  const shown = (rows.value ?? []).filter(({ row }) =>
    (withEnded || !isOver(row)) && Object.values(row).join(" ").toLowerCase().includes(search.toLowerCase()));
  const visible = kind.columns.filter((column) => !column.secret && !column.detail && column.key !== kind.ended).slice(0, 8);
  return (
    <main class="page page-wide page-table">
      <div class="row row-between">
        <h2>{t(kind.name)} {rows.value && <span class="soft">{rows.value.length - over}</span>}</h2>
        <div class="row">
          {over > 0 && (
            <label class="check check-small">
              <input type="checkbox" checked={withEnded} onChange={(event) => setWithEnded(event.currentTarget.checked)} />
              {t("show_ended", { n: over })}
            </label>
          )}
          <input class="input input-search" type="search" value={search} aria-label={t("search")} placeholder={t("search")}
            onInput={(event) => setSearch(event.currentTarget.value)} />
          <Button disabled={!rows.value} onPress={() => setImporting(true)}>{t("import")}</Button>
          <Button tone="primary" icon="plus" onPress={() => setEditing({ row: {} })}>{t("add")}</Button>
        </div>
      </div>
      {rows.error !== undefined && <Failed error={rows.error} retry={rows.reload} />}
      {rows.loading && !rows.value && <Loading />}
      {rows.value?.length === 0 && <Empty icon="list">{t("none")}</Empty>}
      {rows.value && rows.value.length > 0 && shown.length === 0 && <p class="soft">{t("none_found")}</p>}
      {shown.length > 0 && (
        <div class="card scroll-x cards-on-phone">
          <Table rows={shown} keyOf={({ row }) => row.id!} columns={[
            ...visible.map((column) => ({
              label: t(column.label),
              cell: ({ row }: { row: Row }) => {
                const text = labelled(column, row[column.key] ?? "");
                // Names, numbers and dates stay on one line.
                const words = text.length < (/^[ -~]*$/.test(text) ? 17 : 12) ? text && <span class="nowrap">{text}</span> : text;
                if (column !== visible[0] || !isOver(row)) return words;
                return <>{words} <Badge>{t(kind.columns.find((each) => each.key === kind.ended)!.label)}</Badge></>;
              },
            })),
            {
              label: "",
              cell: ({ row, record }: { row: Row; record: unknown }) =>
                <Button size="small" label={`${t("edit")} ${row.id}`} onPress={() => setEditing({ row, record })}>{t("edit")}</Button>,
            },
          ]} />
        </div>
      )}
      {editing && <RowDialog kind={kind} {...editing} onClose={() => setEditing(undefined)} onSaved={rows.reload} />}
      {importing && <ImportLoader kind={kind} existing={rows.value ?? []} onClose={() => {
        setImporting(false);
        rows.reload();
      }} />}
    </main>
  );
}

function labelled(column: Column, text: string): string {
  if (column.several) return listed(text.split(";"));
  return column.options?.().find((each) => each.value === text)?.label ?? text;
}

export function RowDialog({ kind, row: before, record, onClose, onSaved }: {
  kind: Kind;
  row: Row;
  record?: unknown;
  onClose: () => void;
  onSaved: () => void;
}) {
  const [row, setRow] = useState<Row>(() => ({ ...before, id: before.id ?? newId(kind.name[0]!) }));
  const [requestId, setRequestId] = useState(newRequestId);
  const problems = problemsOf(kind, row);
  const change = (key: string, value: string) => {
    setRow({ ...row, [key]: value });
    setRequestId(newRequestId());
  };
  return (
    <AskDialog title={`${t(kind.name)}: ${t(record ? "edit" : "add")}`} action={t("save")} onClose={onClose}
      ready={Object.keys(problems).length === 0}
      act={async () => {
        await settled(() => (record ? kind.update(row, record, requestId) : kind.create(row, requestId)));
        onSaved();
      }}>
      {kind.columns.filter((column) => !(record && column.key === "id")).map((column) => {
        const value = row[column.key] ?? "";
        if (column.flag) {
          return (
            <div class="stack-tight" key={column.key}>
              <label class="check">
                <input type="checkbox" checked={isYes(value)} onChange={(event) => change(column.key, event.currentTarget.checked ? t("yes") : "")} />
                {t(column.label)}
              </label>
              {column.hint && <p class="hint">{t(column.hint)}</p>}
            </div>
          );
        }
        if (column.options) {
          // What it names now can stay, be it in use or not.
          const options = column.options().filter((each) => !each.ended || each.value === value);
          if (value && !options.some((each) => each.value === value)) options.push({ value, label: value });
          return <Choice key={column.key} label={t(column.label)} value={value} optional={!column.required}
            options={[{ value: "", label: "–" }, ...options]} onChange={(text) => change(column.key, text)} />;
        }
        return <Field key={column.key} label={t(column.label)} value={value} optional={!column.required}
          type={column.secret ? "password" : "text"} lines={column.multiline ? 3 : undefined}
          hint={column.several ? t("several") : undefined}
          autocomplete={column.secret ? "new-password" : "off"}
          error={value ? problems[column.key] : undefined} onChange={(text) => change(column.key, text)} />;
      })}
    </AskDialog>
  );
}
