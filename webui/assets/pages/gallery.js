// Pages with pictures of drawings that the server draws: templates, ways to begin, the difference of two versions.
import '../styles/gallery.css';
import '../styles/thumbnail.css';
