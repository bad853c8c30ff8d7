// Line drawings, 24 by 24. Decoration only: the words beside them say it all.
const shapes = {
  back: "M15 5l-7 7 7 7",
  menu: "M4 7h16M4 12h16M4 17h16",
  phone: "M6 3h4l2 5-3 2a12 12 0 0 0 5 5l2-3 5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2Z",
  alert: "M12 3 2 20h20L12 3ZM12 9v5M12 17.5v.5",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18ZM12 7v5l3 2",
  check: "M4 12.5l5 5L20 6.5",
  cross: "M6 6l12 12M18 6 6 18",
  car: "M3 15v-3l2-5h12l3 5v3M3 15h18v3H3v-3ZM7 18v2M17 18v2M6.5 12h11",
  home: "M3 11l9-8 9 8v10h-6v-6H9v6H3V11Z",
  inbox: "M3 13l3-9h12l3 9v7H3v-7ZM3 13h6l1 3h4l1-3h6",
  person: "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4 21c0-4 4-6 8-6s8 2 8 6",
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 21 21",
  plus: "M12 4v16M4 12h16",
  offline: "M3 3l18 18M8 9a9 9 0 0 0-4 2M12 6c4 0 7 2 9 4M9 14a5 5 0 0 1 6 1M12 19v.5",
  map: "M3 6l6-2 6 2 6-2v14l-6 2-6-2-6 2V6ZM9 4v14M15 6v14",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4l2-2ZM10 21h4",
  note: "M6 3h9l4 4v14H6V3ZM14 3v5h5M9 12h7M9 16h7",
  pin: "M12 21c5-6 7-9 7-12a7 7 0 0 0-14 0c0 3 2 6 7 12ZM12 7a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10Z",
  list: "M8 6h13M8 12h13M8 18h13M3.5 6h.5M3.5 12h.5M3.5 18h.5",
  print: "M7 8V3h10v5M7 17H4V9h16v8h-3M7 14h10v7H7v-7Z",
  calendar: "M4 5h16v16H4V5ZM4 10h16M8 3v4M16 3v4",
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2"
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={shapes[name]} />
    </svg>
  );
}
