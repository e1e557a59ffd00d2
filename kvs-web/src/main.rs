//! Starts the playground in its own page. In a chapter the same program waits until an exhibit is asked for, and in a worker for an order.

fn main() {
    kvs_web::parts::begin();
    if kvs_web::work::worker::serve() {
        return;
    }
    let page = web_sys::window().and_then(|window| window.document());
    if let Some(place) = page.and_then(|page| page.get_element_by_id("kvs-zoo-page")) {
        yew::Renderer::<kvs_web::root::Root>::with_root(place).render();
    }
}
