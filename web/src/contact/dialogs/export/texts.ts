import { makeTexts } from "../../../language/language.js";

const en = {
  title: (name: string) => `Export the data of ${name}`,
  help: "A ZIP file with all messages, notes, changes and files of the contact, as pages to read and as data for programs. Notes and names of your team are in it: look through it before you send it to the customer.",
  start: "Export data",
  startAgain: "Export again",
  queued: "The export waits for its turn.",
  running: "The export is being written. You can close this window and come back.",
  progress: "Progress of the export",
  progressOf: (done: string, total: string) => `${done} of ${total} messages, notes and changes`,
  ready: (size: string, until: string) => `The file is ready: ${size}. It is deleted on ${until}.`,
  download: "Download",
  failed: "The export failed. Try again, or ask the operator of your server.",
};

const es: typeof en = {
  title: (name) => `Exportar los datos de ${name}`,
  help: "Un archivo ZIP con todos los mensajes, notas, cambios y archivos del contacto, como páginas para leer y como datos para programas. Contiene notas y nombres de tu equipo: revísalo antes de enviarlo al cliente.",
  start: "Exportar datos",
  startAgain: "Exportar de nuevo",
  queued: "La exportación espera su turno.",
  running: "Se está escribiendo la exportación. Puedes cerrar esta ventana y volver después.",
  progress: "Progreso de la exportación",
  progressOf: (done, total) => `${done} de ${total} mensajes, notas y cambios`,
  ready: (size, until) => `El archivo está listo: ${size}. Se borra el ${until}.`,
  download: "Descargar",
  failed: "La exportación falló. Inténtalo otra vez o pregunta a quien administra tu servidor.",
};

export const useExportText = makeTexts({ en, es });
