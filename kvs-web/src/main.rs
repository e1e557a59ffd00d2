//! Starts the playground in the page.

fn main() {
    yew::Renderer::<kvs_web::app::App>::new().render();
}
