//! The picture. Layout, scene and markup are pure and tested natively; the painter is thin.

pub mod kinds;
pub mod layout;
pub mod markup;
pub mod painter;
pub mod scene;
pub mod strip;

use layout::Layout;
use scene::View;

use crate::player::Player;

/// The page's own colours and shapes, so that a picture can stand alone.
const STYLES: [&str; 2] = [include_str!("../../styles/base.css"), include_str!("../../styles/stage.css")];

/// The same with its styles in it, for chapters that show it as an image.
pub fn to_styled_svg_string(player: &Player, width: f64, height: f64) -> String {
    let picture = to_svg_string(player, width, height);
    let styles = STYLES.concat().replace("]]>", "");
    picture.replacen('>', &format!("><style><![CDATA[{styles}]]></style>"), 1)
}

/// The picture as SVG text, for stills and for tests.
pub fn to_svg_string(player: &Player, width: f64, height: f64) -> String {
    let layout = Layout::new(player.architecture(), width, height);
    let mut text = String::new();
    scene::scene(player, &layout, View::default()).with("xmlns", "http://www.w3.org/2000/svg").print(&mut text);
    text
}
